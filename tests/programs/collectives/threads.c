/* Threads that use communicators of their own at once, with blocking and non-blocking operations.
 * @np 2 3
 * @flags -pthread
 */
#include "../mpi/test.h"
#include <pthread.h>

#define THREADS 4
#define ROUNDS 150
static MPI_Comm comms[THREADS];

static void *work(void *argument) {
    long thread = (long)argument;
    static int in[THREADS][5000], out[THREADS][5000];
    int *from = out[thread], *to = in[thread];
    for (int round = 0; round < ROUNDS; round++) {
        int n = round % 3 == 0 ? 5000 : 3;
        MPI_Request requests[2];
        for (int i = 0; i < n; i++) from[i] = me + (int)thread * i + round;
        int got = me == round % np ? round : -1;
        MPI_Ibcast(&got, 1, MPI_INT, round % np, comms[thread], &requests[0]);
        if (round % 2) {
            MPI_Allreduce(from, to, n, MPI_INT, MPI_SUM, comms[thread]);
            MPI_Wait(&requests[0], MPI_STATUS_IGNORE);
        } else {
            MPI_Iallreduce(from, to, n, MPI_INT, MPI_SUM, comms[thread], &requests[1]);
            MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
        }
        require(got == round);
        for (int i = 0; i < n; i++) require(to[i] == np * ((int)thread * i + round) + np * (np - 1) / 2);
        if (round % 10 == 0) MPI_Barrier(comms[thread]);
    }
    return NULL;
}

int main(int argc, char **argv) {
    int provided;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &me), MPI_Comm_size(MPI_COMM_WORLD, &np);
    alarm(100);
    require(provided == MPI_THREAD_MULTIPLE);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) MPI_Comm_dup(MPI_COMM_WORLD, &comms[i]);
    for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, work, (void *)i);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL), MPI_Comm_free(&comms[i]);
    MPI_Finalize();
    if (me == 0) puts("done");
    return 0;
}
