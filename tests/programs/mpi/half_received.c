/* A rank that has begun to receive long messages blocks elsewhere; their senders get on without its asking for them.
 * @np 2 3
 * @limit 60 */
#include "test.h"
#define LONG 1000000
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char out[4][LONG], in[4][LONG];
    for (int round = 0; round < 30; round++) {
        MPI_Request r[8];
        int right = (me + 1) % np, left = (me + np - 1) % np, flag;
        for (int i = 0; i < 4; i++) {
            fill(out[i], LONG, me + i + round);
            MPI_Irecv(in[i], LONG, MPI_BYTE, left, i, MPI_COMM_WORLD, &r[i]);
        }
        MPI_Barrier(MPI_COMM_WORLD);
        for (int i = 0; i < 4; i++) MPI_Isend(out[i], LONG, MPI_BYTE, right, i, MPI_COMM_WORLD, &r[4 + i]);
        if (me == 0) {
            for (int k = 0; k < round * 10; k++) MPI_Test(&r[0], &flag, MPI_STATUS_IGNORE);
            if (round % 2) MPI_Barrier(MPI_COMM_WORLD);
            else MPI_Recv(&flag, 1, MPI_INT, left, 99, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        }
        MPI_Waitall(4, r + 4, MPI_STATUSES_IGNORE);
        if (me != 0 && round % 2) MPI_Barrier(MPI_COMM_WORLD);
        if (round % 2 == 0 && me == np - 1) MPI_Send(&me, 1, MPI_INT, 0, 99, MPI_COMM_WORLD);
        MPI_Waitall(4, r, MPI_STATUSES_IGNORE);
        for (int i = 0; i < 4; i++) require(is_filled(in[i], LONG, left + i + round));
    }
    puts("done");
    MPI_Finalize();
    return 0;
}
