/* Segments of odd sizes are contiguous to the byte (MPI-4.0 section 12.2.3), and writing one leaves its neighbours alone.
 * @np 2 4 */
#include "windows.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (int times = 0; times < 20; times++) {
        MPI_Aint size = (me * 37 + times * 11) % 101 + 1, other;
        char *base, *theirs, *end = NULL;
        int unit;
        MPI_Win win;
        MPI_Win_allocate_shared(size, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win);
        for (int rank = 0; rank < np; rank++) {
            MPI_Win_shared_query(win, rank, &other, &unit, &theirs);
            require(other == (rank * 37 + times * 11) % 101 + 1);
            if (end) require(theirs == end);
            end = theirs + other;
        }
        fill(base, (int)size, me + times);
        MPI_Barrier(MPI_COMM_WORLD);
        for (int rank = 0; rank < np; rank++) {
            MPI_Win_shared_query(win, rank, &other, &unit, &theirs);
            require(is_filled(theirs, (int)other, rank + times));
        }
        MPI_Win_free(&win);
    }
    passed("odd sizes");
    MPI_Finalize();
    return 0;
}
