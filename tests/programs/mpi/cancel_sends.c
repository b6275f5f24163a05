/* A cancelled send is either cancelled or received, never both nor neither, in all modes and lengths. (Which of the two is
 * open; stock MPICH over UCX cancels none.)
 * @np 2 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char data[100000], space[300000], in[100000];
    int sizes[] = {0, 40, 700, 9000, 100000}, cancelled;
    MPI_Buffer_attach(space, sizeof space);
    for (int i = 0; i < 5; i++)
        for (int mode = 0; mode < 6; mode++) {
            int persistent = mode == 5, flag = 0;
            MPI_Request request;
            MPI_Status status;
            if (me == 0) {
                fill(data, sizes[i], mode);
                if (mode == 0) MPI_Isend(data, sizes[i], MPI_BYTE, 1, 1, MPI_COMM_WORLD, &request);
                if (mode == 1) MPI_Issend(data, sizes[i], MPI_BYTE, 1, 1, MPI_COMM_WORLD, &request);
                if (mode == 2) MPI_Ibsend(data, sizes[i], MPI_BYTE, 1, 1, MPI_COMM_WORLD, &request);
                if (mode == 3) MPI_Irsend(data, sizes[i], MPI_BYTE, 1, 1, MPI_COMM_WORLD, &request);
                if (mode == 4) MPI_Isend(data, sizes[i], MPI_BYTE, 1, 1, MPI_COMM_WORLD, &request), usleep(1000);
                if (persistent) MPI_Ssend_init(data, sizes[i], MPI_BYTE, 1, 1, MPI_COMM_WORLD, &request), MPI_Start(&request);
                MPI_Cancel(&request);
                if (mode == 1) MPI_Cancel(&request); /* once more does no harm */
                MPI_Send(&mode, 1, MPI_INT, 1, 2, MPI_COMM_WORLD);
                MPI_Wait(&request, &status); /* local: needs no receive */
                MPI_Test_cancelled(&status, &cancelled);
                if (persistent) MPI_Request_free(&request);
                memset(data, 0, sizeof data);
                MPI_Send(&cancelled, 1, MPI_INT, 1, 3, MPI_COMM_WORLD);
                MPI_Recv(&flag, 1, MPI_INT, 1, 4, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            } else {
                MPI_Recv(&flag, 1, MPI_INT, 0, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
                /* The cancelled one must be sent by now or never: a send that was not cancelled waits for this. */
                MPI_Iprobe(0, 1, MPI_COMM_WORLD, &flag, &status);
                if (flag) MPI_Recv(in, sizeof in, MPI_BYTE, 0, 1, MPI_COMM_WORLD, &status), require(is_filled(in, sizes[i], mode));
                MPI_Recv(&cancelled, 1, MPI_INT, 0, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
                require(cancelled == !flag);
                MPI_Send(&flag, 1, MPI_INT, 0, 4, MPI_COMM_WORLD);
            }
        }
    void *old;
    int size;
    MPI_Buffer_detach(&old, &size);
    puts("passed");
    MPI_Finalize();
    return 0;
}
