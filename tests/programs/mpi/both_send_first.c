/* Both ranks send up to 8 KiB before either receives, as many programs do though the standard does not promise it.
 * @np 2 4 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    char out[8192], in[8192];
    for (int round = 0; round < 500; round++) {
        int bytes = 1 << (round % 14);
        fill(out, bytes, me + round);
        MPI_Send(out, bytes, MPI_BYTE, me ^ 1, 1, MPI_COMM_WORLD);
        MPI_Recv(in, bytes, MPI_BYTE, me ^ 1, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        require(is_filled(in, bytes, (me ^ 1) + round));
    }
    puts("passed");
    MPI_Finalize();
    return 0;
}
