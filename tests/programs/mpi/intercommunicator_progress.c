/* A long message on an intercommunicator gets through while its sender waits for something else in the shim: in each of the
 * calls that wait. Nothing but the intercommunicator makes the library busy.
 * @np 2 4 */
#include "test.h"
#define BYTES 3000000
int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Comm half, inter;
    int upper = me >= np / 2, rank, got, other = (me + np / 2) % np;
    static char data[BYTES];
    MPI_Comm_split(MPI_COMM_WORLD, upper, me, &half);
    MPI_Comm_rank(half, &rank);
    MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, upper ? 0 : np / 2, 9, &inter);
    for (int way = 0; way < 5; way++) {
        if (!upper) {
            MPI_Request send, answer;
            MPI_Message message;
            fill(data, BYTES, way);
            MPI_Isend(data, BYTES, MPI_BYTE, rank, way, inter, &send);
            if (way == 0) MPI_Recv(&got, 1, MPI_INT, other, way, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            if (way == 1) MPI_Irecv(&got, 1, MPI_INT, other, way, MPI_COMM_WORLD, &answer), MPI_Wait(&answer, MPI_STATUS_IGNORE);
            if (way == 2) MPI_Mprobe(other, way, MPI_COMM_WORLD, &message, MPI_STATUS_IGNORE), MPI_Mrecv(&got, 1, MPI_INT, &message, MPI_STATUS_IGNORE);
            if (way == 3) MPI_Ssend(&me, 1, MPI_INT, other, way, MPI_COMM_WORLD);
            if (way == 4) { /* by testing */
                int flag = 0;
                MPI_Irecv(&got, 1, MPI_INT, other, way, MPI_COMM_WORLD, &answer);
                while (!flag) MPI_Test(&answer, &flag, MPI_STATUS_IGNORE);
            }
            MPI_Wait(&send, MPI_STATUS_IGNORE);
        } else {
            MPI_Recv(data, BYTES, MPI_BYTE, rank, way, inter, MPI_STATUS_IGNORE);
            require(is_filled(data, BYTES, way));
            if (way == 3) MPI_Recv(&got, 1, MPI_INT, other, way, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            else MPI_Send(&me, 1, MPI_INT, other, way, MPI_COMM_WORLD);
        }
    }
    puts("passed");
    MPI_Comm_free(&inter), MPI_Comm_free(&half);
    MPI_Finalize();
    return 0;
}
