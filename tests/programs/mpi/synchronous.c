/* A synchronous send completes only when its receive has begun, whatever its size.
 * @np 2 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char data[200000];
    int sizes[4] = {0, 8, 3000, 200000};
    for (int i = 0; i < 4; i++) {
        int flag = 0;
        MPI_Request request;
        if (me == 0) {
            MPI_Issend(data, sizes[i], MPI_BYTE, 1, i, MPI_COMM_WORLD, &request);
            MPI_Barrier(MPI_COMM_WORLD);
            for (int k = 0; k < 1000 && !flag; k++) MPI_Test(&request, &flag, MPI_STATUS_IGNORE);
            printf("%d bytes: %s\n", sizes[i], flag ? "complete without a receive" : "waits");
            MPI_Barrier(MPI_COMM_WORLD);
            MPI_Wait(&request, MPI_STATUS_IGNORE);
        } else {
            MPI_Barrier(MPI_COMM_WORLD);
            MPI_Barrier(MPI_COMM_WORLD);
            MPI_Recv(data, sizes[i], MPI_BYTE, 0, i, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        }
    }
    MPI_Finalize();
    return 0;
}
