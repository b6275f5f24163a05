/* MPI_Comm_free, MPI_Type_free and MPI_Request_free while messages are under way: they still arrive.
 * @np 2 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static int in[2][100000], out[2][100000];
    for (int round = 0; round < 20; round++) {
        MPI_Comm comm;
        MPI_Datatype pair;
        MPI_Request r[4];
        MPI_Comm_dup(MPI_COMM_WORLD, &comm);
        MPI_Type_vector(500, 1, 2, MPI_INT, &pair);
        MPI_Type_commit(&pair);
        for (int i = 0; i < 1000; i++) out[0][i] = i + round, in[0][i] = -1;
        for (int i = 0; i < 100000; i++) out[1][i] = i * round;
        if (round % 2) MPI_Irecv(in[0], 1, pair, 1 - me, 0, comm, &r[0]), MPI_Irecv(in[1], 100000, MPI_INT, 1 - me, 1, comm, &r[1]);
        MPI_Isend(out[0], 1, pair, 1 - me, 0, comm, &r[2]);
        MPI_Isend(out[1], 100000, MPI_INT, 1 - me, 1, comm, &r[3]);
        if (round % 2 == 0) MPI_Irecv(in[0], 1, pair, 1 - me, 0, comm, &r[0]), MPI_Irecv(in[1], 100000, MPI_INT, 1 - me, 1, comm, &r[1]);
        MPI_Comm_free(&comm);
        MPI_Type_free(&pair);
        MPI_Request_free(&r[2]);
        MPI_Waitall(2, r, MPI_STATUSES_IGNORE);
        for (int i = 0; i < 1000; i++) require(in[0][i] == (i % 2 || i > 998 ? -1 : i + round));
        for (int i = 0; i < 100000; i++) require(in[1][i] == i * round);
        MPI_Wait(&r[3], MPI_STATUS_IGNORE);
        MPI_Barrier(MPI_COMM_WORLD); /* the freed send has been received */
    }
    printf("arrived\n");
    MPI_Finalize();
    return 0;
}
