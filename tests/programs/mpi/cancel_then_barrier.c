/* A cancelled send completes though its receiver is in MPI_Barrier, in all modes and lengths, and is never received.
 * @without-stock MPICH over UCX cancels no send, and then waits for ever
 * @np 2 3 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char data[300000], in[300000];
    int sizes[] = {0, 40, 9000, 100000, 300000}, cancelled, flag;
    for (int i = 0; i < 5; i++)
        for (int synchronous = 0; synchronous < 2; synchronous++) {
            MPI_Request request;
            MPI_Status status;
            cancelled = 1;
            if (me == 0) {
                fill(data, sizes[i], i);
                if (synchronous) MPI_Issend(data, sizes[i], MPI_BYTE, 1, i, MPI_COMM_WORLD, &request);
                else MPI_Isend(data, sizes[i], MPI_BYTE, 1, i, MPI_COMM_WORLD, &request);
                MPI_Cancel(&request);
                MPI_Wait(&request, &status);
                MPI_Test_cancelled(&status, &cancelled);
                memset(data, 0, sizes[i]);
            }
            MPI_Barrier(MPI_COMM_WORLD);
            MPI_Bcast(&cancelled, 1, MPI_INT, 0, MPI_COMM_WORLD);
            if (synchronous || sizes[i] > 50000) require(cancelled); /* nobody can have received it */
            if (me == 1) {
                MPI_Iprobe(0, i, MPI_COMM_WORLD, &flag, &status);
                if (!cancelled) MPI_Recv(in, sizes[i], MPI_BYTE, 0, i, MPI_COMM_WORLD, &status), require(is_filled(in, sizes[i], i));
                else require(!flag);
            }
            MPI_Barrier(MPI_COMM_WORLD);
        }
    if (me == 0) puts("passed");
    MPI_Finalize();
    return 0;
}
