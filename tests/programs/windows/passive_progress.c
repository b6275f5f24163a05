/* The target of passive operations does nothing for them: while it computes, sleeps, or is blocked in MPI_Recv or MPI_Barrier,
 * another rank locks, updates, reads and unlocks its memory as often as it likes. The target computes until it is told so by
 * a store into shared memory, so an operation that waited for it would never end.
 * @without-stock MPICH 4.0.2 carries accumulates and locks out when the target calls MPI
 * @np 2 4
 * @limit 60 */
#include "windows.h"
#define ROUNDS 50

static volatile int64_t *done; /* in rank 0's shared memory */

static void operate(Window *w, int target) {
    for (int64_t i = 0; i < ROUNDS; i++) {
        int64_t one = 1, got = -1, seen;
        MPI_Win_lock(i % 2 ? MPI_LOCK_EXCLUSIVE : MPI_LOCK_SHARED, target, 0, w->win);
        MPI_Accumulate(&one, 1, MPI_INT64_T, target, disp(w, target, 0), 1, MPI_INT64_T, MPI_SUM, w->win);
        MPI_Win_flush(target, w->win);
        MPI_Fetch_and_op(&one, &seen, MPI_INT64_T, target, disp(w, target, 0), MPI_SUM, w->win);
        MPI_Put(&i, 1, MPI_INT64_T, target, disp(w, target, 8 * (1 + me)), 1, MPI_INT64_T, w->win);
        MPI_Win_flush(target, w->win);
        MPI_Get(&got, 1, MPI_INT64_T, target, disp(w, target, 8 * (1 + me)), 1, MPI_INT64_T, w->win);
        MPI_Win_unlock(target, w->win);
        require(got == i && seen > 2 * i);
    }
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Win shared;
    int64_t *mine;
    MPI_Aint size;
    int unit, message = 5;
    MPI_Win_allocate_shared(me == 0 ? 64 : 0, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &mine, &shared);
    MPI_Win_shared_query(shared, 0, &size, &unit, (void *)&done);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, shared);
    const char *const ways[] = {"computing", "asleep", "in MPI_Recv", "in MPI_Barrier"};
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 256, 8, MPI_COMM_WORLD);
        for (int way = 0; way < 4; way++) {
            if (me == 0) *done = 0;
            memset(w.base, 0, 256);
            MPI_Barrier(MPI_COMM_WORLD);
            if (me > 0) {
                operate(&w, 0);
                __atomic_fetch_add(done, 1, __ATOMIC_SEQ_CST);
                if (way == 2) MPI_Send(&message, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
            } else {
                if (way == 0) while (__atomic_load_n(done, __ATOMIC_SEQ_CST) < np - 1);
                if (way == 1) while (__atomic_load_n(done, __ATOMIC_SEQ_CST) < np - 1) usleep(20000);
                if (way == 2) for (int i = 1; i < np; i++) MPI_Recv(&message, 1, MPI_INT, MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            }
            MPI_Barrier(MPI_COMM_WORLD);
            MPI_Win_lock(MPI_LOCK_SHARED, me, 0, w.win);
            if (me == 0) require(((int64_t *)w.base)[0] == 2 * ROUNDS * (np - 1));
            MPI_Win_unlock(me, w.win);
            if (me == 0) printf("%s, the target %s: right\n", kind_names[kind], ways[way]);
        }
        window_free(&w);
    }
    MPI_Win_unlock_all(shared);
    MPI_Win_free(&shared);
    MPI_Finalize();
    return 0;
}
