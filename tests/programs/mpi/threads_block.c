/* MPI_THREAD_MULTIPLE: a thread of a rank goes on while another of the same rank is blocked, in the shim or in the library.
 * (Stock 4.0.2 never wakes a receive that another thread of the same rank sends to.)
 * @np 2
 * @expect passed
 * @expect passed
 * @limit 60
 * @flags -pthread */
#include "test.h"
#include <pthread.h>
#define ROUNDS 15
static void *in_barrier(void *unused) { return MPI_Barrier(MPI_COMM_WORLD), NULL; }
static void *in_recv(void *comm) {
    static char data[200000];
    MPI_Recv(data, sizeof data, MPI_BYTE, MPI_ANY_SOURCE, 1, *(MPI_Comm *)comm, MPI_STATUS_IGNORE);
    require(is_filled(data, sizeof data, 3));
    return NULL;
}
static void *in_probe(void *message) {
    MPI_Mprobe(MPI_ANY_SOURCE, 2, MPI_COMM_WORLD, message, MPI_STATUS_IGNORE);
    return NULL;
}
static void *in_waitany(void *requests) {
    int index;
    MPI_Status status;
    for (int i = 0; i < 4; i++) {
        MPI_Waitany(4, requests, &index, &status);
        require(status.MPI_TAG % 4 == index && status.MPI_SOURCE == 1 - me);
    }
    return NULL;
}
static void start(pthread_t *thread, void *(*what)(void *), void *argument) {
    pthread_create(thread, NULL, what, argument);
    usleep(2000); /* until it blocks, most likely */
}
int main(int argc, char **argv) {
    int provided, other;
    static char data[200000], in[4];
    pthread_t thread, threads[3];
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &me), MPI_Comm_size(MPI_COMM_WORLD, &np);
    setvbuf(stdout, malloc(BUFSIZ), _IOLBF, BUFSIZ);
    alarm(100);
    MPI_Comm self = MPI_COMM_SELF;
    other = 1 - me;
    for (int round = 0; round < ROUNDS; round++) {
        /* one thread of rank 0 waits in the library for rank 1, which waits for a message of rank 0 */
        if (me == 0) start(&thread, in_barrier, NULL);
        for (int bytes = 1; bytes <= 200000; bytes *= 200000) {
            fill(data, bytes, round);
            if (me == 0) MPI_Ssend(data, bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD), MPI_Recv(data, bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            else MPI_Recv(data, bytes, MPI_BYTE, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE), MPI_Ssend(data, bytes, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
            require(is_filled(data, bytes, round));
        }
        if (me == 0) pthread_join(thread, NULL);
        else MPI_Barrier(MPI_COMM_WORLD);
        /* a thread sends to another of the same rank */
        fill(data, sizeof data, 3);
        start(&thread, in_recv, &self);
        MPI_Send(data, sizeof data, MPI_BYTE, 0, 1, self);
        pthread_join(thread, NULL);
        /* one thread probes, another receives what it found */
        MPI_Message message;
        start(&thread, in_probe, &message);
        MPI_Request send;
        MPI_Isend(data, 5000 * (round % 4), MPI_BYTE, other, 2, MPI_COMM_WORLD, &send);
        pthread_join(thread, NULL);
        MPI_Mrecv(data, sizeof data, MPI_BYTE, &message, MPI_STATUS_IGNORE);
        MPI_Wait(&send, MPI_STATUS_IGNORE);
        /* three threads wait for requests of their own */
        MPI_Request r[12];
        for (int i = 0; i < 12; i++) MPI_Irecv(&in[i % 4], 1, MPI_BYTE, other, 100 + i, MPI_COMM_WORLD, &r[i]);
        for (int i = 0; i < 3; i++) start(&threads[i], in_waitany, &r[4 * i]);
        for (int i = 11; i >= 0; i--) MPI_Send(data, 1, MPI_BYTE, other, 100 + i, MPI_COMM_WORLD);
        for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
        MPI_Barrier(MPI_COMM_WORLD);
    }
    puts("passed");
    MPI_Finalize();
    return 0;
}
