/* A target that is in some call of MPI, or makes one again and again, lets others lock, update, read and unlock its memory: in
 * MPI_Recv, MPI_Barrier, MPI_Waitall, MPI_Win_wait, MPI_Win_fence of another window, and in loops of MPI_Test, MPI_Iprobe,
 * MPI_Win_flush, MPI_Win_sync and MPI_Win_test, some of which end when a value has come into the target's memory.
 * @without-stock MPICH 4.0.2 loses updates of MPI_Fetch_and_op
 * @np 2 4
 * @limit 60 */
#include "windows.h"
#define ROUNDS 10
#define NUMBER MPI_INT64_T

static void operate(Window *w, int target) {
    for (int64_t i = 0; i < ROUNDS; i++) {
        int64_t one = 1, got = -1, seen;
        MPI_Win_lock(i % 2 ? MPI_LOCK_EXCLUSIVE : MPI_LOCK_SHARED, target, 0, w->win);
        MPI_Accumulate(&one, 1, NUMBER, target, disp(w, target, 0), 1, NUMBER, MPI_SUM, w->win);
        MPI_Win_flush(target, w->win);
        MPI_Fetch_and_op(&one, &seen, NUMBER, target, disp(w, target, 0), MPI_SUM, w->win);
        MPI_Put(&i, 1, NUMBER, target, disp(w, target, 8 * (1 + me)), 1, NUMBER, w->win);
        MPI_Win_flush(target, w->win);
        MPI_Get(&got, 1, NUMBER, target, disp(w, target, 8 * (1 + me)), 1, NUMBER, w->win);
        MPI_Win_unlock(target, w->win);
        require(got == i && seen > 2 * i);
    }
}

/* All others are through: they have counted themselves. */
static int all_through(Window *w) { return __atomic_load_n((int64_t *)w->base + 30, __ATOMIC_SEQ_CST) == np - 1; }

static void count_oneself(Window *w) {
    int64_t one = 1;
    MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, w->win);
    MPI_Accumulate(&one, 1, NUMBER, 0, disp(w, 0, 240), 1, NUMBER, MPI_SUM, w->win);
    MPI_Win_unlock(0, w->win);
}

static MPI_Group everybody_but_me(void) {
    MPI_Group all, others;
    MPI_Comm_group(MPI_COMM_WORLD, &all);
    MPI_Group_excl(all, 1, &me, &others);
    MPI_Group_free(&all);
    return others;
}

static const char *const ways[] = {"in MPI_Recv", "in MPI_Barrier", "in MPI_Waitall", "in MPI_Win_wait", "in MPI_Win_fence",
                                   "asking MPI_Test", "asking MPI_Iprobe", "flushing", "calling MPI_Win_sync", "asking MPI_Win_test"};
enum { RECV, BARRIER, WAITALL, WIN_WAIT, FENCE, TEST, IPROBE, FLUSH, SYNC, WIN_TEST, WAYS };

/* Rank 0 passes its time. */
static void be_target(Window *w, Window *other, int way) {
    int message, flag = 0, others = np - 1;
    MPI_Request requests[16];
    MPI_Group group = everybody_but_me();
    if (way == RECV) for (int i = 1; i < np; i++) MPI_Recv(&message, 1, MPI_INT, i, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (way == WAITALL || way == TEST) for (int i = 0; i < others; i++) MPI_Irecv(&message, 1, MPI_INT, i + 1, 0, MPI_COMM_WORLD, &requests[i]);
    if (way == WAITALL) MPI_Waitall(others, requests, MPI_STATUSES_IGNORE);
    if (way == TEST) while (!flag) MPI_Testall(others, requests, &flag, MPI_STATUSES_IGNORE);
    if (way == IPROBE)
        for (int i = 1; i < np; i++) {
            for (flag = 0; !flag;) MPI_Iprobe(i, 0, MPI_COMM_WORLD, &flag, MPI_STATUS_IGNORE);
            MPI_Recv(&message, 1, MPI_INT, i, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        }
    if (way == WIN_WAIT || way == WIN_TEST) {
        MPI_Win_post(group, 0, other->win);
        if (way == WIN_WAIT) MPI_Win_wait(other->win);
        else while (!flag) MPI_Win_test(other->win, &flag);
    }
    if (way == FLUSH || way == SYNC) {
        MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, other->win);
        while (!all_through(w)) {
            if (way == FLUSH) MPI_Win_flush(0, other->win);
            else MPI_Win_sync(other->win);
        }
        MPI_Win_unlock(0, other->win);
    }
    MPI_Group_free(&group);
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 256, 8, MPI_COMM_WORLD), other = window_make(CREATE, 64, 1, MPI_COMM_WORLD);
        for (int way = 0; way < WAYS; way++) {
            int message = 5, zero = 0;
            memset(w.base, 0, 256);
            MPI_Barrier(MPI_COMM_WORLD);
            if (me == 0) be_target(&w, &other, way);
            else {
                operate(&w, 0);
                count_oneself(&w);
                if (way == RECV || way == WAITALL || way == TEST || way == IPROBE) MPI_Send(&message, 1, MPI_INT, 0, 0, MPI_COMM_WORLD);
                if (way == WIN_WAIT || way == WIN_TEST) {
                    MPI_Group all, group;
                    MPI_Comm_group(MPI_COMM_WORLD, &all);
                    MPI_Group_incl(all, 1, &zero, &group);
                    MPI_Win_start(group, 0, other.win);
                    MPI_Win_complete(other.win);
                    MPI_Group_free(&all), MPI_Group_free(&group);
                }
            }
            if (way == FENCE) MPI_Win_fence(0, other.win), MPI_Win_fence(MPI_MODE_NOSUCCEED, other.win);
            MPI_Barrier(MPI_COMM_WORLD);
            MPI_Win_lock(MPI_LOCK_SHARED, me, 0, w.win);
            if (me == 0) require(((int64_t *)w.base)[0] == 2 * ROUNDS * (np - 1));
            MPI_Win_unlock(me, w.win);
            if (me == 0) printf("%s, the target %s: right\n", kind_names[kind], ways[way]);
        }
        window_free(&other);
        window_free(&w);
    }
    MPI_Finalize();
    return 0;
}
