/* MPI_Win_lock_all is a shared lock of everybody: an exclusive lock waits for its end, and lasts while it holds.
 * @without-stock MPICH 4.0.2 takes many seconds where ranks outnumber cores
 * @np 2 4
 * @limit 60 */
#include "windows.h"
#define ROUNDS 40
int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 4096, 1, MPI_COMM_WORLD);
        for (int i = 0; i < ROUNDS; i++) {
            int64_t pair[2] = {-1, -2}, one = 1;
            if (i % np == me) { /* the writer leaves the two halves different for a while */
                MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, w.win);
                MPI_Accumulate(&one, 1, MPI_INT64_T, 0, disp(&w, 0, 0), 1, MPI_INT64_T, MPI_SUM, w.win);
                MPI_Win_flush(0, w.win);
                if (i % 8 == 0) usleep(300);
                MPI_Accumulate(&one, 1, MPI_INT64_T, 0, disp(&w, 0, 8), 1, MPI_INT64_T, MPI_SUM, w.win);
                MPI_Win_unlock(0, w.win);
            } else {
                MPI_Win_lock_all(0, w.win);
                MPI_Get(pair, 2, MPI_INT64_T, 0, disp(&w, 0, 0), 2, MPI_INT64_T, w.win);
                MPI_Win_flush_all(w.win);
                require(pair[0] == pair[1]);
                MPI_Win_unlock_all(w.win);
            }
        }
        MPI_Barrier(MPI_COMM_WORLD);
        MPI_Win_lock(MPI_LOCK_SHARED, me, 0, w.win);
        if (me == 0) require(((int64_t *)w.base)[0] == ROUNDS && ((int64_t *)w.base)[1] == ROUNDS);
        MPI_Win_unlock(me, w.win);
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
