/* Two ranks hand a counter and its data to and fro within one MPI_Win_lock_all epoch: put, flush, then the flag.
 * @without-stock MPICH 4.0.2 takes many seconds where ranks outnumber cores
 * @np 2 4
 * @limit 60 */
#include "windows.h"
#define ROUNDS 200
#define CELLS 700
static int64_t block[CELLS];

/* Waits for a flag in this rank's own memory, which the peer replaces atomically. */
static void await(Window *w, int64_t flag) {
    int64_t seen = -1;
    while (seen != flag) {
        MPI_Fetch_and_op(NULL, &seen, MPI_INT64_T, me, disp(w, me, 0), MPI_NO_OP, w->win);
        MPI_Win_flush(me, w->win);
    }
}
static void give(Window *w, int peer, int64_t flag) {
    for (int i = 0; i < CELLS; i++) block[i] = flag * 1000 + i;
    MPI_Put(block, CELLS, MPI_INT64_T, peer, disp(w, peer, 64), CELLS, MPI_INT64_T, w->win);
    if (flag % 2) MPI_Win_flush_local(peer, w->win), memset(block, 0xff, sizeof block); /* the origin is free, the data on its way */
    if (flag % 3) MPI_Win_flush(peer, w->win);
    else MPI_Win_flush_all(w->win);
    MPI_Accumulate(&flag, 1, MPI_INT64_T, peer, disp(w, peer, 0), 1, MPI_INT64_T, MPI_REPLACE, w->win);
    if (flag % 5 == 0) MPI_Win_flush_local_all(w->win);
    MPI_Win_flush(peer, w->win);
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    int peer = me ^ 1;
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 64 + CELLS * 8, 1, MPI_COMM_WORLD);
        MPI_Win_lock_all(kind % 2 ? MPI_MODE_NOCHECK : 0, w.win);
        for (int64_t i = 1; i <= ROUNDS; i++) {
            if (i % 2 == me % 2) {
                give(&w, peer, i);
                continue;
            }
            await(&w, i);
            MPI_Win_sync(w.win);
            for (int j = 0; j < CELLS; j++) require(((int64_t *)(w.base + 64))[j] == i * 1000 + j);
        }
        MPI_Win_unlock_all(w.win);
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
