/* 20,000 messages come before the first receive; then they are taken in order, from the back, and by any source.
 * @without-stock so many take stock MPICH up to minutes on a busy machine
 * @np 2 3 */
#include "test.h"
#define COUNT 20000
int main(int argc, char **argv) {
    begin(&argc, &argv);
    char data[1024];
    if (me == 1) {
        for (int i = 0; i < COUNT; i++) fill(data, sizeof data, i), MPI_Send(data, sizeof data, MPI_BYTE, 0, i % 4, MPI_COMM_WORLD);
        MPI_Send(data, 1, MPI_BYTE, 0, 100, MPI_COMM_WORLD);
    }
    if (me == 0) {
        MPI_Status status;
        MPI_Recv(data, 1, MPI_BYTE, 1, 100, MPI_COMM_WORLD, MPI_STATUS_IGNORE); /* the very last one */
        for (int tag = 3; tag > 0; tag--)
            for (int i = tag; i < COUNT; i += 4) {
                MPI_Recv(data, sizeof data, MPI_BYTE, tag == 2 ? MPI_ANY_SOURCE : 1, tag, MPI_COMM_WORLD, &status);
                require(is_filled(data, sizeof data, i));
            }
        for (int i = 0; i < COUNT; i += 4) {
            MPI_Recv(data, sizeof data, MPI_BYTE, 1, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
            require(is_filled(data, sizeof data, i) && status.MPI_TAG == 0);
        }
        puts("all");
    }
    MPI_Finalize();
    return 0;
}
