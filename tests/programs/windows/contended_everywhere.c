/* All ranks contend for the memory of all ranks at once, each in an order of its own: counters by MPI_Fetch_and_op, MPI_Accumulate
 * and MPI_Compare_and_swap, counters that are read and written under an exclusive lock or under a lock made of
 * MPI_Compare_and_swap, and some ranks that lock all others out by MPI_Win_lock_all. Every update counts.
 * @without-stock MPICH 4.0.2 loses updates of MPI_Fetch_and_op
 * @np 2 3 4
 * @limit 60 */
#include "windows.h"
#define ROUNDS 20
#define NUMBER MPI_INT64_T
enum { FETCHED, ADDED, SWAPPED, LOCKED, SPUN, SPIN_LOCK, WORDS };

static int64_t fetch(Window *w, int target, int word, int64_t operand, MPI_Op op) {
    int64_t found;
    MPI_Fetch_and_op(&operand, &found, NUMBER, target, disp(w, target, 8 * word), op, w->win);
    MPI_Win_flush(target, w->win);
    return found;
}

static int64_t swap(Window *w, int target, int word, int64_t old, int64_t new) {
    int64_t found;
    MPI_Compare_and_swap(&new, &old, &found, NUMBER, target, disp(w, target, 8 * word), w->win);
    MPI_Win_flush(target, w->win);
    return found;
}

/* One more, without atomicity. */
static void read_and_write(Window *w, int target, int word) {
    int64_t value = -1;
    MPI_Get(&value, 1, NUMBER, target, disp(w, target, 8 * word), 1, NUMBER, w->win);
    MPI_Win_flush(target, w->win);
    value++;
    MPI_Put(&value, 1, NUMBER, target, disp(w, target, 8 * word), 1, NUMBER, w->win);
    MPI_Win_flush(target, w->win);
}

static void atomically(Window *w, int target) {
    int64_t one = 1, seen = 0, before;
    fetch(w, target, FETCHED, 1, MPI_SUM);
    MPI_Accumulate(&one, 1, NUMBER, target, disp(w, target, 8 * ADDED), 1, NUMBER, MPI_SUM, w->win);
    while ((before = swap(w, target, SWAPPED, seen, seen + 1)) != seen) seen = before;
    while (swap(w, target, SPIN_LOCK, 0, me + 1) != 0);
    read_and_write(w, target, SPUN);
    require(fetch(w, target, SPIN_LOCK, 0, MPI_REPLACE) == me + 1);
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 8 * WORDS, 8, MPI_COMM_WORLD);
        for (int i = 0; i < ROUNDS; i++) {
            int first = (me * 7 + i * 3) % np;
            /* By turns, so that exclusive locks and MPI_Win_lock_all meet. */
            if ((i + me) % 2) MPI_Win_lock_all(0, w.win);
            for (int j = 0; j < np; j++) {
                int target = (first + j) % np;
                if (!((i + me) % 2)) MPI_Win_lock(MPI_LOCK_SHARED, target, 0, w.win);
                atomically(&w, target);
                if (!((i + me) % 2)) MPI_Win_unlock(target, w.win);
            }
            if ((i + me) % 2) MPI_Win_unlock_all(w.win);
            for (int j = 0; j < np; j++) {
                int target = (first + 2 * j + me) % np;
                MPI_Win_lock(MPI_LOCK_EXCLUSIVE, target, 0, w.win);
                read_and_write(&w, target, LOCKED);
                MPI_Win_unlock(target, w.win);
            }
        }
        MPI_Barrier(MPI_COMM_WORLD);
        MPI_Win_lock(MPI_LOCK_SHARED, me, 0, w.win);
        const int64_t *mine = (int64_t *)w.base;
        int64_t locked, all = 0;
        for (int word = 0; word < SPIN_LOCK; word++)
            if (word != LOCKED) require(mine[word] == ROUNDS * np);
        require(mine[SPIN_LOCK] == 0);
        locked = mine[LOCKED];
        MPI_Win_unlock(me, w.win);
        MPI_Allreduce(&locked, &all, 1, NUMBER, MPI_SUM, MPI_COMM_WORLD);
        require(all == (int64_t)ROUNDS * np * np);
        MPI_Barrier(MPI_COMM_WORLD);
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
