/* A rank that waits for a message lets the library get on: non-blocking collectives, one-sided access to its window, and
 * messages of an intercommunicator complete for its peer, who sends only afterwards.
 * @np 2 4 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char big[1 << 20];
    int data = 0, one = 1, sum = 0, value = 5, *memory;
    MPI_Request request;
    MPI_Win win;
    MPI_Comm half, inter;
    for (int round = 0; round < 20; round++) { /* rank 0 waits for rank 1, and takes part in a collective the while */
        MPI_Iallreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD, &request);
        if (me == 0) MPI_Recv(&data, 1, MPI_INT, 1, round, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        if (me == 1) MPI_Send(&sum, 1, MPI_INT, 0, round, MPI_COMM_WORLD);
    }
    MPI_Win_allocate(1000 * sizeof(int), sizeof(int), MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &win);
    memory[0] = 0;
    MPI_Barrier(MPI_COMM_WORLD);
    if (me == 1) {
        for (int i = 0; i < 10; i++) {
            MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, win);
            MPI_Put(&value, 1, MPI_INT, 0, i, 1, MPI_INT, win);
            MPI_Win_unlock(0, win);
        }
        MPI_Send(&value, 1, MPI_INT, 0, 100, MPI_COMM_WORLD);
    }
    if (me == 0) MPI_Recv(&value, 1, MPI_INT, 1, 100, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Win_free(&win);
    MPI_Comm_split(MPI_COMM_WORLD, me % 2, me, &half);
    MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, 1 - me % 2, 9, &inter);
    if (me == 0) {
        MPI_Irecv(big, sizeof big, MPI_BYTE, 0, 1, inter, &request);
        MPI_Recv(&data, 1, MPI_INT, 1, 101, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        require(is_filled(big, sizeof big, 3));
    }
    if (me == 1) {
        fill(big, sizeof big, 3);
        MPI_Send(big, sizeof big, MPI_BYTE, 0, 1, inter);
        MPI_Send(&data, 1, MPI_INT, 0, 101, MPI_COMM_WORLD);
    }
    MPI_Comm_free(&inter), MPI_Comm_free(&half);
    printf("sum %d\n", sum);
    MPI_Finalize();
    return 0;
}
