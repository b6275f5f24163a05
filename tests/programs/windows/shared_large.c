/* Large shared segments cost address space until they are touched; requests for huge pages are hints.
 * @np 1 2 */
#include "windows.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    const MPI_Aint gib = (MPI_Aint)1 << 30;
    MPI_Aint size = me == 0 ? 4 * gib : 12345, found;
    char *base, *theirs;
    int unit;
    MPI_Win win;
    MPI_Win_allocate_shared(size, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win);
    MPI_Win_shared_query(win, 0, &found, &unit, &theirs);
    require(found == 4 * gib && unit == 8);
    MPI_Win_fence(0, win);
    if (me == np - 1) theirs[0] = 1, theirs[3 * gib + 5] = 2, theirs[4 * gib - 1] = 3;
    MPI_Win_fence(0, win);
    if (me == 0) require(base[0] == 1 && base[3 * gib + 5] == 2 && base[4 * gib - 1] == 3 && base[2 * gib] == 0);
    /* The same by displacements beyond 32 bits. */
    char got = 0, put = 9;
    MPI_Win_fence(0, win);
    MPI_Get(&got, 1, MPI_CHAR, 0, gib / 2 - 1, 1, MPI_CHAR, win); /* in units of 8 */
    if (me == 0) MPI_Put(&put, 1, MPI_CHAR, 0, gib * 3 / 8 + 1, 1, MPI_CHAR, win);
    MPI_Win_fence(0, win);
    require(got == theirs[4 * gib - 8] && theirs[3 * gib + 8] == 9);
    MPI_Win_free(&win);
    passed("4 GiB");

    MPI_Info info;
    MPI_Info_create(&info);
    MPI_Info_set(info, "alloc_shared_noncontig", "true");
    MPI_Info_set(info, "mpi_minimum_memory_alignment", "4096");
    MPI_Info_set(info, "pip_huge_pages", "true");
    MPI_Info_set(info, "no_such_hint", "whatever");
    MPI_Win_allocate_shared(4 << 20, 1, info, MPI_COMM_WORLD, &base, &win);
    memset(base, me + 1, 4 << 20);
    MPI_Win_fence(0, win);
    MPI_Win_shared_query(win, (me + 1) % np, &found, &unit, &theirs);
    require(found == 4 << 20 && theirs[(4 << 20) - 1] == (me + 1) % np + 1);
    MPI_Win_fence(0, win);
    MPI_Win_free(&win);
    MPI_Info_free(&info);
    passed("hints");
    MPI_Finalize();
    return 0;
}
