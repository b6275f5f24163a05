/* Ranks that wait in MPI_Barrier and MPI_Recv for one that comes late use next to no processor time.
 * @np 4
 * @without-stock MPICH's ranks use all they can get
 */
#include "../mpi/test.h"
#include <sys/resource.h>

/* Milliseconds of processor time so far. */
static double used(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec * 1e3 + usage.ru_utime.tv_usec / 1e3 + usage.ru_stime.tv_sec * 1e3 + usage.ru_stime.tv_usec / 1e3;
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Barrier(MPI_COMM_WORLD);
    double before = used();
    int late = np - 1, word = 7;
    if (me == late) sleep(2);
    MPI_Barrier(MPI_COMM_WORLD);
    if (me == late) {
        sleep(2);
        for (int r = 0; r < late; r++) MPI_Send(&word, 1, MPI_INT, r, 1, MPI_COMM_WORLD);
    } else MPI_Recv(&word, 1, MPI_INT, late, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    double mine = used() - before, all = 0;
    MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    require(all < 1000); /* of 4 seconds; it is about 20 */
    MPI_Finalize();
    if (me == 0) puts("asleep");
    return 0;
}
