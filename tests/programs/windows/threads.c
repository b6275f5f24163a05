/* Threads of a rank use windows of their own and one window together, beside messages; under MPI_THREAD_MULTIPLE.
 * @without-stock MPICH 4.0.2 fails an assertion of UCX when several threads call it
 * @np 2 3
 * @limit 60
 * @flags -pthread */
#include "windows.h"
#include <pthread.h>
#define THREADS 4
#define ROUNDS 200
static Window together, own[THREADS];
static int64_t tickets[THREADS][ROUNDS];

static void *work(void *argument) {
    int thread = (int)(long)argument, right = (me + 1) % np, left = (me + np - 1) % np;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t one = 1, key = i * 100 + thread + 10 * me, got = -1, old;
        MPI_Fetch_and_op(&one, &tickets[thread][i], MPI_INT64_T, 0, disp(&together, 0, 0), MPI_SUM, together.win);
        MPI_Win_flush(0, together.win);
        /* The right neighbour's memory has a place for each thread. */
        MPI_Put(&key, 1, MPI_INT64_T, right, disp(&together, right, 64 + 8 * thread), 1, MPI_INT64_T, together.win);
        MPI_Win_flush(right, together.win);
        MPI_Get(&got, 1, MPI_INT64_T, right, disp(&together, right, 64 + 8 * thread), 1, MPI_INT64_T, together.win);
        MPI_Win_flush_local(right, together.win);
        require(got == key);
        MPI_Win_lock(i % 2 ? MPI_LOCK_EXCLUSIVE : MPI_LOCK_SHARED, right, 0, own[thread].win);
        MPI_Put(&key, 1, MPI_INT64_T, right, disp(&own[thread], right, 8), 1, MPI_INT64_T, own[thread].win);
        MPI_Get_accumulate(&one, 1, MPI_INT64_T, &old, 1, MPI_INT64_T, right, disp(&own[thread], right, 16), 1, MPI_INT64_T, MPI_SUM,
                           own[thread].win);
        MPI_Win_unlock(right, own[thread].win);
        require(old == i);
        int64_t from_left;
        MPI_Sendrecv(&key, 1, MPI_INT64_T, right, thread, &from_left, 1, MPI_INT64_T, left, thread, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        require(from_left == i * 100 + thread + 10 * left);
        MPI_Request request; /* a request completed by the thread that made it */
        MPI_Rput(&key, 1, MPI_INT64_T, right, disp(&together, right, 128 + 8 * thread), 1, MPI_INT64_T, together.win, &request);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    }
    return NULL;
}

int main(int argc, char **argv) {
    int given;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &given);
    MPI_Comm_rank(MPI_COMM_WORLD, &me), MPI_Comm_size(MPI_COMM_WORLD, &np);
    require(given == MPI_THREAD_MULTIPLE);
    for (Kind kind = 0; kind < KINDS; kind++) {
        together = window_make(kind, 256, 1, MPI_COMM_WORLD);
        for (int i = 0; i < THREADS; i++) own[i] = window_make(kind, 64, 1, MPI_COMM_WORLD);
        MPI_Win_lock_all(0, together.win);
        pthread_t threads[THREADS];
        for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, work, (void *)i);
        for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
        MPI_Win_flush_all(together.win);
        int64_t all = THREADS * ROUNDS, *gathered = malloc(sizeof(int64_t) * (size_t)(all * np));
        MPI_Allgather(tickets, (int)all, MPI_INT64_T, gathered, (int)all, MPI_INT64_T, MPI_COMM_WORLD);
        char *seen = calloc((size_t)(all * np), 1);
        for (int i = 0; i < all * np; i++) {
            require(gathered[i] >= 0 && gathered[i] < all * np && !seen[gathered[i]]);
            seen[gathered[i]] = 1;
        }
        free(seen), free(gathered);
        for (int i = 0; i < THREADS; i++) {
            require(((int64_t *)own[i].base)[1] == (ROUNDS - 1) * 100 + i + 10 * ((me + np - 1) % np));
            require(((int64_t *)own[i].base)[2] == ROUNDS);
            require(((int64_t *)(together.base + 128))[i] == ((int64_t *)own[i].base)[1]);
        }
        MPI_Win_unlock_all(together.win);
        for (int i = 0; i < THREADS; i++) window_free(&own[i]);
        window_free(&together);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
