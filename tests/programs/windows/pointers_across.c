/* MPI_Win_shared_query gives a pointer to the memory of each rank of this address space, and size 0 and NULL for the others. Which
 * ranks are here says PIP_MPI_LOCAL_RANKS, or else all are.
 * @without-stock MPICH 4.0.2 leaves the results as they are
 * @np 2 4 */
#include "windows.h"

/* Whether a rank is in the list of ranks in this address space. */
static int is_here(int rank) {
    const char *list = getenv("PIP_MPI_LOCAL_RANKS");
    char *copy = list ? strdup(list) : NULL;
    int found = !list;
    for (char *word = copy ? strtok(copy, ",") : NULL; word; word = strtok(NULL, ",")) found |= atoi(word) == rank;
    free(copy);
    return found;
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (Kind kind = CREATE; kind <= ALLOCATE; kind++) {
        Window w = window_make(kind, 8 * (me + 1), me + 1, MPI_COMM_WORLD);
        int unit, first = -1;
        MPI_Aint size;
        int64_t *found;
        *(int64_t *)w.base = 100 + me;
        MPI_Win_fence(0, w.win);
        for (int rank = 0; rank < np; rank++) {
            size = -1, unit = -1, found = (void *)&size;
            MPI_Win_shared_query(w.win, rank, &size, &unit, &found);
            require(unit == rank + 1);
            if (!is_here(rank)) require(size == 0 && !found);
            else require(size == 8 * (rank + 1) && *found == 100 + rank);
            if (is_here(rank) && first < 0) first = rank;
        }
        MPI_Win_shared_query(w.win, MPI_PROC_NULL, &size, &unit, &found);
        require(size == 8 * (first + 1) && unit == first + 1 && *found == 100 + first);
        MPI_Win_fence(MPI_MODE_NOSUCCEED, w.win);
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
