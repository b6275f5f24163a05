/* MPI_ANY_SOURCE takes every message once; those of one source come in order, also among short and long ones.
 * @np 2 4 8 */
#include "test.h"
#define EACH 200
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char data[100000];
    if (me == 0) {
        int next[64] = {0};
        long sum = 0;
        for (int i = 0; i < EACH * (np - 1); i++) {
            MPI_Status status;
            int bytes;
            MPI_Recv(data, sizeof data, MPI_BYTE, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
            MPI_Get_count(&status, MPI_BYTE, &bytes);
            require(status.MPI_TAG == next[status.MPI_SOURCE]++);
            require(is_filled(data, bytes, status.MPI_TAG + status.MPI_SOURCE));
            sum += bytes;
        }
        printf("%ld bytes in order\n", sum);
    } else {
        for (int i = 0; i < EACH; i++) {
            int bytes = i % 10 == 0 ? 70000 + i : i % 3 == 0 ? 5000 + i : i;
            fill(data, bytes, i + me);
            MPI_Send(data, bytes, MPI_BYTE, 0, i, MPI_COMM_WORLD);
        }
    }
    MPI_Finalize();
    return 0;
}
