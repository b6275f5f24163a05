/* Ranks load and store each other's shared memory directly, ordered by barriers, by MPI_Win_sync and by C's atomics.
 * @np 2 4
 * @limit 60 */
#include "windows.h"
#include <stdatomic.h>
#define CELLS 1000
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int64_t *mine, *left, *right;
    MPI_Aint size;
    int unit;
    MPI_Win win;
    MPI_Win_allocate_shared(2 * CELLS * sizeof *mine, sizeof *mine, MPI_INFO_NULL, MPI_COMM_WORLD, &mine, &win);
    MPI_Win_shared_query(win, (me + np - 1) % np, &size, &unit, &left);
    MPI_Win_shared_query(win, (me + 1) % np, &size, &unit, &right);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, win);
    for (int i = 0; i < 2 * CELLS; i++) mine[i] = me;
    for (int step = 0; step < 100; step++) { /* a halo by plain loads: new cells are the sum of both neighbours' old ones */
        int64_t old = (step % 2) * CELLS, new = (1 - step % 2) * CELLS;
        MPI_Win_sync(win);
        MPI_Barrier(MPI_COMM_WORLD);
        MPI_Win_sync(win);
        for (int i = 0; i < CELLS; i++) mine[new + i] = (left[old + i] + right[old + (i + 1) % CELLS]) % 1000003;
    }
    int64_t model[2][8] = {{0}};
    for (int rank = 0; rank < np; rank++) model[0][rank] = rank;
    for (int step = 0; step < 100; step++)
        for (int rank = 0; rank < np; rank++)
            model[1 - step % 2][rank] = (model[step % 2][(rank + np - 1) % np] + model[step % 2][(rank + 1) % np]) % 1000003;
    for (int i = 0; i < CELLS; i++) require(mine[i] == model[0][me]);
    MPI_Win_sync(win);
    MPI_Barrier(MPI_COMM_WORLD);

    /* C's atomics, beside a window's own on the same element. */
    int64_t *first;
    MPI_Win_shared_query(win, 0, &size, &unit, &first);
    if (me == 0) first[0] = first[1] = 0;
    MPI_Win_sync(win);
    MPI_Barrier(MPI_COMM_WORLD);
    for (int i = 0; i < 10000; i++) atomic_fetch_add((_Atomic int64_t *)&first[0], 1);
    MPI_Barrier(MPI_COMM_WORLD);
    require(atomic_load((_Atomic int64_t *)&first[0]) == 10000 * np);
    MPI_Win_unlock_all(win);
    MPI_Win_free(&win);
    passed("loads and stores");
    MPI_Finalize();
    return 0;
}
