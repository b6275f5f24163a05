/* Reductions of numbers whose sum depends on the order have one result: on all ranks, and each time, whoever comes first. Rank 0
 * prints it, so that runs can be compared.
 * @np 3 4
 * @without-stock another order of its own, and it prints other sums
 */
#include "../mpi/test.h"
#include <time.h>

#define MOST 40000
static double in[MOST], out[MOST], first[MOST], of_root[MOST];

static unsigned digest = 2166136261u;
static void add(const double *values, int n) {
    for (size_t i = 0; i < n * sizeof(double); i++) digest = (digest ^ ((const unsigned char *)values)[i]) * 16777619u;
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    int lengths[] = {1, 50, 1000, MOST};
    double scales[] = {1, -1e7, 1e13, -1e4, 1e9};
    unsigned late = (unsigned)time(NULL) * 31 + (unsigned)me * 7919;
    for (int l = 0; l < 4; l++) {
        int n = lengths[l];
        for (int i = 0; i < n; i++) in[i] = scales[(me + i) % 5] / 3 * (i % 7 + 1) / (me + 3);
        for (int time = 0; time < 6; time++) {
            usleep((late = late * 1103515245u + 12345u) / 65536 % 3000);
            if (time % 2) {
                MPI_Request request;
                MPI_Iallreduce(in, out, n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD, &request);
                MPI_Wait(&request, MPI_STATUS_IGNORE);
            } else MPI_Allreduce(in, out, n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
            if (time == 0) memcpy(first, out, n * sizeof(double));
            require(!memcmp(out, first, n * sizeof(double)));
            memcpy(of_root, out, n * sizeof(double));
            MPI_Bcast(of_root, n, MPI_DOUBLE, 0, MPI_COMM_WORLD);
            require(!memcmp(out, of_root, n * sizeof(double)));
        }
        add(out, n);
        MPI_Scan(in, out, n, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
        MPI_Bcast(out, n, MPI_DOUBLE, np - 1, MPI_COMM_WORLD);
        add(out, n);
        MPI_Reduce(in, out, n, MPI_DOUBLE, MPI_SUM, np - 1, MPI_COMM_WORLD);
        MPI_Bcast(out, n, MPI_DOUBLE, np - 1, MPI_COMM_WORLD);
        add(out, n);
    }
    MPI_Finalize();
    if (me == 0) printf("sums %08x\n", digest);
    return 0;
}
