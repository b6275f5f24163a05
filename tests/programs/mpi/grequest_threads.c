/* Generalized requests that another thread completes while this one waits in the shim, alone and among messages.
 * @np 2
 * @flags -pthread */
#include "test.h"
#include <pthread.h>
static int query(void *state, MPI_Status *status) {
    MPI_Status_set_elements(status, MPI_INT, *(int *)state);
    MPI_Status_set_cancelled(status, 0);
    status->MPI_SOURCE = 5, status->MPI_TAG = 6;
    return MPI_SUCCESS;
}
static int release(void *state) { return MPI_SUCCESS; }
static int cancel(void *state, int complete) { return MPI_SUCCESS; }
static void *complete(void *request) {
    usleep(20000);
    MPI_Grequest_complete(*(MPI_Request *)request);
    return NULL;
}
int main(int argc, char **argv) {
    int provided, state = 7, flag, index, some, indices[3], count;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &me), MPI_Comm_size(MPI_COMM_WORLD, &np);
    setvbuf(stdout, malloc(BUFSIZ), _IOLBF, BUFSIZ);
    alarm(100);
    for (int way = 0; way < 7; way++) {
        static char out[100000], in[100000];
        pthread_t thread;
        MPI_Request r[3], handle;
        MPI_Status s[3];
        MPI_Grequest_start(query, release, cancel, &state, &r[1]);
        handle = r[1];
        MPI_Barrier(MPI_COMM_WORLD);
        MPI_Irecv(in, sizeof in, MPI_BYTE, 1 - me, way, MPI_COMM_WORLD, &r[0]);
        MPI_Isend(out, sizeof out, MPI_BYTE, 1 - me, way, MPI_COMM_WORLD, &r[2]);
        pthread_create(&thread, NULL, complete, &handle);
        if (way == 0) MPI_Wait(&r[1], &s[1]);
        if (way == 1) for (flag = 0; !flag;) MPI_Test(&r[1], &flag, &s[1]);
        if (way == 2) MPI_Waitall(3, r, s);
        if (way == 3) for (flag = 0; !flag;) MPI_Testall(3, r, &flag, s);
        if (way == 4) for (int i = 0; i < 3; i++) {
            MPI_Status status;
            MPI_Waitany(3, r, &index, &status);
            if (index == 1) s[1] = status;
        }
        if (way == 5) for (int done = 0; done < 3; done += some) {
            MPI_Status few[3];
            MPI_Waitsome(3, r, &some, indices, few);
            for (int i = 0; i < some; i++) if (indices[i] == 1) s[1] = few[i];
        }
        if (way == 6) {
            for (flag = 0; !flag;) MPI_Request_get_status(r[1], &flag, &s[1]);
            require(r[1] == handle);
        }
        MPI_Get_count(&s[1], MPI_INT, &count);
        require(count == 7 && s[1].MPI_SOURCE == 5 && s[1].MPI_TAG == 6);
        MPI_Waitall(3, r, MPI_STATUSES_IGNORE);
        pthread_join(thread, NULL);
    }
    puts("passed");
    MPI_Finalize();
    return 0;
}
