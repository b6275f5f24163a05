/* Ranks that wait inside calls of the MPI library for one that comes late use little processor time, whether there are more
 * of them than cores or not.
 * @np 2 6
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
    MPI_Comm dup, part, inter;
    begin(&argc, &argv);
    MPI_Barrier(MPI_COMM_WORLD);
    double before = used();
    int late = np - 1, word = me, sum = 0;
    if (me == late) sleep(1);
    MPI_Comm_dup(MPI_COMM_WORLD, &dup);
    MPI_Comm_split(dup, me % 2, me, &part);
    MPI_Intercomm_create(part, 0, dup, 1 - me % 2, 7, &inter);
    MPI_Barrier(MPI_COMM_WORLD);
    if (me == late) sleep(1);
    MPI_Allreduce(&word, &sum, 1, MPI_INT, MPI_SUM, inter);
    int expected = 0;
    for (int r = 1 - me % 2; r < np; r += 2) expected += r;
    require(sum == expected);
    double mine = used() - before, all = 0;
    MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    require(all < 500); /* of 2 seconds of one core and more; it is about 50 */
    MPI_Comm_free(&inter), MPI_Comm_free(&part), MPI_Comm_free(&dup);
    if (me == 0) printf("asleep %s\n", getenv("MPIR_CVAR_NOLOCAL") ? "with a setting left behind" : "in the library");
    MPI_Finalize();
    return 0;
}
