/* Segments of MPI_Win_allocate_shared lie one behind the other, by rank, unless the info says otherwise; MPI_Win_shared_query
 * tells each rank's size, unit and address, and of MPI_PROC_NULL those of the lowest rank that has memory.
 * @np 1 2 4 */
#include "windows.h"

/* Every rank asks for all segments, and writes a byte pattern into its right neighbour's. */
static void check(const char *what, const MPI_Aint *sizes, int contiguous, MPI_Info info) {
    MPI_Win win;
    char *base, *last_end = NULL, *lowest = NULL;
    int unit, first = -1;
    MPI_Aint size;
    MPI_Win_allocate_shared(sizes[me], me + 1, info, MPI_COMM_WORLD, &base, &win);
    for (int rank = 0; rank < np; rank++) {
        char *theirs;
        size = -1, unit = -1;
        MPI_Win_shared_query(win, rank, &size, &unit, &theirs);
        require(size == sizes[rank]);
        if (sizes[rank] == 0) continue;
        require(unit == rank + 1);
        require(theirs != NULL);
        if (rank == me) require(theirs == base);
        if (contiguous && last_end) require(theirs == last_end);
        if (first < 0) first = rank, lowest = theirs;
        last_end = theirs + sizes[rank];
    }
    char *null_base = (char *)1;
    size = unit = -1;
    MPI_Win_shared_query(win, MPI_PROC_NULL, &size, &unit, &null_base);
    if (first < 0) require(size == 0);
    else require(size == sizes[first] && unit == first + 1 && null_base == lowest);

    int right = (me + 1) % np;
    char *theirs;
    MPI_Win_shared_query(win, right, &size, &unit, &theirs);
    MPI_Win_fence(0, win);
    fill(theirs, (int)sizes[right], right + 7);
    MPI_Win_fence(0, win);
    require(is_filled(base, (int)sizes[me], me + 7));
    MPI_Win_free(&win);
    passed(what);
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Aint sizes[16];
    MPI_Info apart, together;
    MPI_Info_create(&apart), MPI_Info_create(&together);
    MPI_Info_set(apart, "alloc_shared_noncontig", "true"), MPI_Info_set(together, "alloc_shared_noncontig", "false");
    for (int times = 0; times < 2; times++) {
        MPI_Info info = times ? apart : MPI_INFO_NULL;
        for (int i = 0; i < np; i++) sizes[i] = 4096;
        check("pages", sizes, !times, info);
        for (int i = 0; i < np; i++) sizes[i] = 8 * (i + 1);
        check("words", sizes, !times, info);
        for (int i = 0; i < np; i++) sizes[i] = 0;
        check("nothing at all", sizes, !times, info);
        sizes[np - 1] = 100;
        check("only the last rank has memory", sizes, !times, info);
        for (int i = 0; i < np; i++) sizes[i] = i % 2 ? 5000 : 0;
        check("every second rank has memory", sizes, !times, info);
        for (int i = 0; i < np; i++) sizes[i] = i == 0 ? 1000000 : 0;
        check("only rank 0 has memory", sizes, !times, info);
    }
    for (int i = 0; i < np; i++) sizes[i] = 4096;
    check("alloc_shared_noncontig=false", sizes, 1, together);
    MPI_Info_free(&apart), MPI_Info_free(&together);
    MPI_Finalize();
    return 0;
}
