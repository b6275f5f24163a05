/* An exclusive lock keeps every other lock of that target out; shared ones let each other in; locks of two targets are apart.
 * @without-stock MPICH 4.0.2 takes a minute where ranks outnumber cores
 * @np 2 4
 * @limit 60 */
#include "windows.h"
#define ROUNDS 100
int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 4096, 1, MPI_COMM_WORLD);
        int64_t pair[2];
        for (int i = 0; i < ROUNDS; i++) { /* read, change and write: right only if nobody is in between */
            int target = i % np;
            MPI_Win_lock(MPI_LOCK_EXCLUSIVE, target, 0, w.win);
            MPI_Get(pair, 2, MPI_INT64_T, target, disp(&w, target, 0), 2, MPI_INT64_T, w.win);
            MPI_Win_flush(target, w.win);
            require(pair[1] == 3 * pair[0]);
            pair[0]++;
            MPI_Put(&pair[0], 1, MPI_INT64_T, target, disp(&w, target, 0), 1, MPI_INT64_T, w.win);
            MPI_Win_flush(target, w.win);
            pair[1] += 3;
            MPI_Put(&pair[1], 1, MPI_INT64_T, target, disp(&w, target, 8), 1, MPI_INT64_T, w.win);
            MPI_Win_unlock(target, w.win);
        }
        MPI_Barrier(MPI_COMM_WORLD);
        for (int target = 0; target < np; target++) {
            MPI_Win_lock(MPI_LOCK_SHARED, target, 0, w.win);
            MPI_Get(pair, 2, MPI_INT64_T, target, disp(&w, target, 0), 2, MPI_INT64_T, w.win);
            MPI_Win_unlock(target, w.win);
            int64_t times = 0;
            for (int i = 0; i < ROUNDS; i++) times += (i % np == target) * np;
            require(pair[0] == times && pair[1] == 3 * times);
        }
        MPI_Barrier(MPI_COMM_WORLD);

        /* Shared locks are held together: each waits for the other's mark while it holds its own. */
        int64_t mark = 1, seen = 0;
        MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, w.win);
        MPI_Accumulate(&mark, 1, MPI_INT64_T, 0, disp(&w, 0, 64), 1, MPI_INT64_T, MPI_SUM, w.win);
        while (seen < np) {
            MPI_Fetch_and_op(NULL, &seen, MPI_INT64_T, 0, disp(&w, 0, 64), MPI_NO_OP, w.win);
            MPI_Win_flush(0, w.win);
        }
        MPI_Win_unlock(0, w.win);

        /* All targets locked at once, exclusively, in the same order by everybody. */
        for (int i = 0; i < 20; i++) {
            for (int target = 0; target < np; target++) MPI_Win_lock(MPI_LOCK_EXCLUSIVE, target, 0, w.win);
            for (int target = 0; target < np; target++) {
                MPI_Get(&pair[0], 1, MPI_INT64_T, target, disp(&w, target, 128), 1, MPI_INT64_T, w.win);
                MPI_Win_flush(target, w.win);
                pair[0]++;
                MPI_Put(&pair[0], 1, MPI_INT64_T, target, disp(&w, target, 128), 1, MPI_INT64_T, w.win);
                MPI_Win_flush(target, w.win);
            }
            for (int target = np - 1; target >= 0; target--) MPI_Win_unlock(target, w.win);
        }
        MPI_Barrier(MPI_COMM_WORLD);
        MPI_Win_lock(MPI_LOCK_EXCLUSIVE, me, 0, w.win); /* of its own memory, for loads and stores */
        require(((int64_t *)w.base)[16] == 20 * np);
        ((int64_t *)w.base)[16] = 0;
        MPI_Win_unlock(me, w.win);

        /* MPI_MODE_NOCHECK: the program itself keeps the others out. */
        for (int rank = 0; rank < np; rank++) {
            if (rank == me) {
                MPI_Win_lock(rank % 2 ? MPI_LOCK_EXCLUSIVE : MPI_LOCK_SHARED, 0, MPI_MODE_NOCHECK, w.win);
                MPI_Get(&pair[0], 1, MPI_INT64_T, 0, disp(&w, 0, 200), 1, MPI_INT64_T, w.win);
                MPI_Win_flush(0, w.win);
                require(pair[0] == rank);
                pair[0]++;
                MPI_Put(&pair[0], 1, MPI_INT64_T, 0, disp(&w, 0, 200), 1, MPI_INT64_T, w.win);
                MPI_Win_unlock(0, w.win);
            }
            MPI_Barrier(MPI_COMM_WORLD);
        }
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
