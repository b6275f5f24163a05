/* Many more ranks than cores: everybody to everybody, with collectives in between.
 * @np 16
 * @limit 120 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Request r[128];
    int out[64], in[64], sum = 0;
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < np; i++) {
            out[i] = me * 1000 + i + round;
            MPI_Irecv(&in[i], 1, MPI_INT, i, round, MPI_COMM_WORLD, &r[i]);
        }
        for (int i = 0; i < np; i++) MPI_Isend(&out[i], 1, MPI_INT, i, round, MPI_COMM_WORLD, &r[np + i]);
        MPI_Waitall(2 * np, r, MPI_STATUSES_IGNORE);
        for (int i = 0; i < np; i++) require(in[i] == i * 1000 + me + round);
        int one = in[0], all;
        MPI_Allreduce(&one, &all, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
        sum += all;
    }
    printf("%d\n", sum);
    MPI_Finalize();
    return 0;
}
