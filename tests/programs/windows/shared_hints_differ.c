/* A shared window whose ranks give different hints: all see every rank's segment at the same address.
 * @np 2 3
 * @without-stock its ranks have address spaces of their own */
#include "windows.h"

int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Info info = MPI_INFO_NULL;
    if (me == 0) MPI_Info_create(&info), MPI_Info_set(info, "alloc_shared_noncontig", "true");
    char *base;
    MPI_Win win;
    MPI_Win_allocate_shared(100, 1, info, MPI_COMM_WORLD, &base, &win);
    char *bases[np];
    MPI_Allgather(&base, sizeof base, MPI_BYTE, bases, sizeof base, MPI_BYTE, MPI_COMM_WORLD);
    for (int rank = 0; rank < np; rank++) {
        MPI_Aint size;
        int unit;
        char *theirs;
        MPI_Win_shared_query(win, rank, &size, &unit, &theirs);
        require(theirs == bases[rank] && size == 100);
        require(rank == 0 || theirs == bases[rank - 1] + 100); /* not all wanted them apart */
    }
    MPI_Win_free(&win);
    if (info != MPI_INFO_NULL) MPI_Info_free(&info);
    if (me == 0) printf("%d segments, one behind the other, the same for all\n", np);
    MPI_Finalize();
    return 0;
}
