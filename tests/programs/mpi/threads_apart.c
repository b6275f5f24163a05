/* MPI_THREAD_MULTIPLE: while one thread receives a message that takes long, another exchanges short ones on a communicator
 * of its own.
 * @np 2
 * @limit 60
 * @flags -pthread */
#include "test.h"
#include <pthread.h>
#include <stdatomic.h>
#define LONG ((size_t)256 << 20)
static MPI_Comm comms[2];
static atomic_int transfer_number, enough, over; /* the number is odd while a transfer is under way */
static void *transfer(void *unused) {
    char *data = calloc(LONG, 1);
    for (int i = 0, done = 0; i < 1000 && !done; i++) {
        int mine = atomic_load(&enough);
        MPI_Allreduce(&mine, &done, 1, MPI_INT, MPI_MIN, comms[0]);
        atomic_fetch_add(&transfer_number, 1);
        if (me == 0) MPI_Send(data, LONG, MPI_BYTE, 1, 0, comms[0]);
        else MPI_Recv(data, LONG, MPI_BYTE, 0, 0, comms[0], MPI_STATUS_IGNORE);
        atomic_fetch_add(&transfer_number, 1);
    }
    atomic_store(&over, 1);
    free(data);
    return unused;
}
int main(int argc, char **argv) {
    int provided, meanwhile = 0, go_on = 1;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    setvbuf(stdout, malloc(BUFSIZ), _IOLBF, BUFSIZ);
    MPI_Comm_rank(MPI_COMM_WORLD, &me), MPI_Comm_size(MPI_COMM_WORLD, &np);
    require(provided == MPI_THREAD_MULTIPLE);
    for (int i = 0; i < 2; i++) MPI_Comm_dup(MPI_COMM_WORLD, &comms[i]);
    pthread_t thread;
    pthread_create(&thread, NULL, transfer, NULL);
    while (go_on) {
        int before = atomic_load(&transfer_number);
        if (me == 0) go_on = !atomic_load(&over);
        if (me == 0) MPI_Send(&go_on, 1, MPI_INT, 1, 0, comms[1]);
        MPI_Recv(&go_on, 1, MPI_INT, 1 - me, 0, comms[1], MPI_STATUS_IGNORE);
        if (me == 1) MPI_Send(&go_on, 1, MPI_INT, 0, 0, comms[1]);
        meanwhile += before % 2 && atomic_load(&transfer_number) == before;
        atomic_store(&enough, meanwhile >= 10);
    }
    pthread_join(thread, NULL);
    require(meanwhile >= 10);
    for (int i = 0; i < 2; i++) MPI_Comm_free(&comms[i]);
    puts("done");
    MPI_Finalize();
    return 0;
}
