/* MPI_THREAD_MULTIPLE: four threads per rank, each on a communicator of its own, and then all on one with tags of their own.
 * @np 2 3
 * @limit 60
 * @flags -pthread */
#include "test.h"
#include <pthread.h>
#define THREADS 4
static MPI_Comm comms[THREADS];
static void *work(void *argument) {
    int id = (int)(long)argument, right = (me + 1) % np, left = (me + np - 1) % np;
    char *out = malloc(100000), *in = malloc(100000);
    for (int phase = 0; phase < 2; phase++) {
        MPI_Comm comm = phase == 0 ? comms[id] : MPI_COMM_WORLD;
        for (int i = 0; i < 150; i++) {
            int bytes = i % 10 == 0 ? 100000 : i * 13 % 5000;
            MPI_Request r[2];
            MPI_Status s[2];
            fill(out, bytes, me + i + id);
            MPI_Irecv(in, bytes, MPI_BYTE, i % 3 && np == 2 ? MPI_ANY_SOURCE : left, id, comm, &r[0]);
            if (i % 2) {
                MPI_Isend(out, bytes, MPI_BYTE, right, id, comm, &r[1]);
                MPI_Waitall(2, r, s);
            } else {
                MPI_Send(out, bytes, MPI_BYTE, right, id, comm);
                MPI_Wait(&r[0], &s[0]);
            }
            require(is_filled(in, bytes, left + i + id) && s[0].MPI_SOURCE == left);
        }
    }
    free(out), free(in);
    return NULL;
}
int main(int argc, char **argv) {
    int provided;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    setvbuf(stdout, malloc(BUFSIZ), _IOLBF, BUFSIZ);
    MPI_Comm_rank(MPI_COMM_WORLD, &me), MPI_Comm_size(MPI_COMM_WORLD, &np);
    require(provided == MPI_THREAD_MULTIPLE);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) MPI_Comm_dup(MPI_COMM_WORLD, &comms[i]);
    for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, work, (void *)i);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) MPI_Comm_free(&comms[i]);
    puts("done");
    MPI_Finalize();
    return 0;
}
