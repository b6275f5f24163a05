/* Accumulates of several ranks to one element are atomic: no update is lost, and what they fetch is a serialisation.
 * @without-stock MPICH 4.0.2 takes many seconds where ranks outnumber cores
 * @np 2 4
 * @limit 60 */
#include "windows.h"
#define ROUNDS 300

/* Every value below np * ROUNDS has been fetched once. */
static void check_tickets(const int64_t *mine, const char *what) {
    int64_t *all = malloc(sizeof(int64_t) * (size_t)(np * ROUNDS));
    char *seen = calloc((size_t)(np * ROUNDS), 1);
    MPI_Allgather(mine, ROUNDS, MPI_INT64_T, all, ROUNDS, MPI_INT64_T, MPI_COMM_WORLD);
    for (int i = 0; i < np * ROUNDS; i++) {
        require(all[i] >= 0 && all[i] < np * ROUNDS);
        require(!seen[all[i]]);
        seen[all[i]] = 1;
        require(i % ROUNDS == 0 || all[i] > all[i - 1]); /* one rank's tickets grow */
    }
    free(all), free(seen);
    passed(what);
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    const int64_t one = 1, zero = 0;
    static int64_t tickets[ROUNDS];
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 64, 8, MPI_COMM_WORLD);
        int owner = np - 1;
        MPI_Win_lock_all(0, w.win);
        for (int i = 0; i < ROUNDS; i++) {
            MPI_Fetch_and_op(&one, &tickets[i], MPI_INT64_T, owner, disp(&w, owner, 0), MPI_SUM, w.win);
            MPI_Win_flush(owner, w.win);
        }
        check_tickets(tickets, "MPI_Fetch_and_op");
        for (int i = 0; i < ROUNDS; i++) {
            MPI_Get_accumulate(&one, 1, MPI_INT64_T, &tickets[i], 1, MPI_INT64_T, owner, disp(&w, owner, 8), 1, MPI_INT64_T,
                               MPI_SUM, w.win);
            MPI_Win_flush(owner, w.win);
        }
        check_tickets(tickets, "MPI_Get_accumulate");
        for (int i = 0; i < ROUNDS; i++) { /* an increment made of MPI_Compare_and_swap */
            int64_t seen, wanted = 0, next;
            for (;;) {
                next = wanted + 1;
                MPI_Compare_and_swap(&next, &wanted, &seen, MPI_INT64_T, owner, disp(&w, owner, 16), w.win);
                MPI_Win_flush(owner, w.win);
                if (seen == wanted) break;
                wanted = seen;
            }
            tickets[i] = seen;
        }
        check_tickets(tickets, "MPI_Compare_and_swap");
        /* All of one operation that need not be fetched, flushed once; the other kinds of call beside it. */
        for (int i = 0; i < ROUNDS; i++) {
            MPI_Accumulate(&one, 1, MPI_INT64_T, owner, disp(&w, owner, 24), 1, MPI_INT64_T, MPI_SUM, w.win);
            MPI_Fetch_and_op(&one, &tickets[i], MPI_INT64_T, owner, disp(&w, owner, 24), MPI_SUM, w.win);
        }
        MPI_Win_flush_all(w.win);
        MPI_Barrier(MPI_COMM_WORLD);
        int64_t sum;
        MPI_Fetch_and_op(&zero, &sum, MPI_INT64_T, owner, disp(&w, owner, 24), MPI_NO_OP, w.win);
        MPI_Win_flush(owner, w.win);
        require(sum == 2 * np * ROUNDS);
        MPI_Win_unlock_all(w.win);
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
