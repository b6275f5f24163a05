/* Threads of one rank compete for the messages of any source and tag, by Recv and by Mprobe: each is taken once, whole.
 * @np 2
 * @limit 60
 * @flags -pthread */
#include "test.h"
#include <pthread.h>
#define THREADS 4
#define EACH 300
static long long sum, taken;
static void *receive(void *argument) {
    char *data = malloc(100000);
    for (;;) {
        MPI_Status status;
        int bytes;
        if ((long)argument % 2) {
            MPI_Message message;
            MPI_Mprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &message, &status);
            MPI_Get_count(&status, MPI_BYTE, &bytes);
            MPI_Mrecv(data, bytes, MPI_BYTE, &message, &status);
        } else {
            MPI_Recv(data, 100000, MPI_BYTE, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
            MPI_Get_count(&status, MPI_BYTE, &bytes);
        }
        if (status.MPI_TAG == 9999) break;
        require(is_filled(data, bytes, status.MPI_TAG));
        __atomic_fetch_add(&sum, bytes, __ATOMIC_RELAXED), __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
    }
    free(data);
    return NULL;
}
static void *send(void *argument) {
    char *data = malloc(100000);
    for (int i = 0; i < EACH; i++) {
        int tag = (int)(long)argument * EACH + i, bytes = i % 20 == 0 ? 90000 + i : i * 11;
        fill(data, bytes, tag);
        MPI_Send(data, bytes, MPI_BYTE, 0, tag, MPI_COMM_WORLD);
    }
    free(data);
    return NULL;
}
int main(int argc, char **argv) {
    int provided;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &me), MPI_Comm_size(MPI_COMM_WORLD, &np);
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, me == 0 ? receive : send, (void *)i);
    if (me > 0) for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    if (me > 0) { /* all senders are done: end one receiver after the other */
        int done = 1;
        if (me > 1) MPI_Send(&done, 1, MPI_INT, 1, 10000, MPI_COMM_WORLD);
        else {
            for (int i = 2; i < np; i++) MPI_Recv(&done, 1, MPI_INT, i, 10000, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            for (int i = 0; i < THREADS; i++) MPI_Send(&done, 0, MPI_INT, 0, 9999, MPI_COMM_WORLD);
        }
    } else {
        for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
        printf("%lld messages, %lld bytes\n", taken, sum);
    }
    MPI_Finalize();
    return 0;
}
