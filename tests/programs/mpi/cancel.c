/* A cancelled receive takes nothing; the message goes to the next one. A receive that matched is not cancelled.
 * @np 2 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int data[3] = {0}, flag;
    MPI_Request r[3];
    MPI_Status s[3];
    if (me == 1) {
        for (int i = 0; i < 3; i++) MPI_Irecv(&data[i], 1, MPI_INT, i == 1 ? MPI_ANY_SOURCE : 0, 4, MPI_COMM_WORLD, &r[i]);
        MPI_Cancel(&r[0]), MPI_Cancel(&r[1]);
        MPI_Wait(&r[0], &s[0]), MPI_Waitall(1, &r[1], &s[1]);
        for (int i = 0; i < 2; i++) MPI_Test_cancelled(&s[i], &flag), printf("cancelled %d\n", flag);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (me == 0) data[0] = 8, MPI_Send(data, 1, MPI_INT, 1, 4, MPI_COMM_WORLD);
    MPI_Barrier(MPI_COMM_WORLD);
    if (me == 1) {
        MPI_Wait(&r[2], &s[2]);
        MPI_Test_cancelled(&s[2], &flag);
        printf("the third: %d %d %d, cancelled %d\n", data[0], data[1], data[2], flag);
        MPI_Irecv(&data[0], 1, MPI_INT, 0, 5, MPI_COMM_WORLD, &r[0]);
        MPI_Cancel(&r[0]), MPI_Request_free(&r[0]);
        for (int i = 0; i < 1000; i++) { /* many, so that a leak shows */
            MPI_Irecv(&data[0], 1, MPI_INT, 0, 5, MPI_COMM_WORLD, &r[0]);
            MPI_Cancel(&r[0]), MPI_Wait(&r[0], MPI_STATUS_IGNORE);
        }
    }
    MPI_Finalize();
    return 0;
}
