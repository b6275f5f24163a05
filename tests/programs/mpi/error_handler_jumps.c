/* An error handler that leaves MPI by longjmp, and errors of a receive whose communicator was freed meanwhile; then life
 * goes on.
 * @np 2 */
#include "test.h"
#include <setjmp.h>
static jmp_buf before;
static int calls;
static void jump(MPI_Comm *comm, int *error, ...) { calls++, longjmp(before, 1); }
static void count(MPI_Comm *comm, int *error, ...) { calls++; }
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int data[100] = {0}, other = 1 - me, got;
    MPI_Errhandler handler;
    MPI_Comm comm;
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_create_errhandler(jump, &handler);
    MPI_Comm_set_errhandler(comm, handler);
    MPI_Errhandler_free(&handler);
    for (volatile int way = 0; way < 4; way++) {
        if (way < 2) MPI_Send(data, 50, MPI_INT, other, way, comm);
        if (setjmp(before) == 0) {
            if (way == 0) MPI_Recv(data, 5, MPI_INT, other, 0, comm, MPI_STATUS_IGNORE);
            if (way == 1) MPI_Probe(other, 1, comm, MPI_STATUS_IGNORE), MPI_Recv(data, 5, MPI_INT, other, 1, comm, MPI_STATUS_IGNORE);
            if (way == 2) MPI_Bsend(data, 5, MPI_INT, other, 2, comm);
            if (way == 3) MPI_Irecv(data, -1, MPI_INT, other, 3, comm, NULL);
            puts("not reached");
        }
        MPI_Sendrecv(&me, 1, MPI_INT, other, 9, &got, 1, MPI_INT, other, 9, comm, MPI_STATUS_IGNORE);
        require(got == other && calls == way + 1);
    }
    MPI_Comm_free(&comm);

    MPI_Request request;
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_create_errhandler(count, &handler);
    MPI_Comm_set_errhandler(comm, handler), MPI_Comm_set_errhandler(MPI_COMM_WORLD, handler);
    MPI_Errhandler_free(&handler);
    MPI_Irecv(data, 5, MPI_INT, other, 4, comm, &request);
    MPI_Barrier(comm);
    MPI_Send(data, 50, MPI_INT, other, 4, comm);
    MPI_Comm_free(&comm);
    calls = 0;
    printf("of a freed communicator: %s", class_of(MPI_Wait(&request, MPI_STATUS_IGNORE)));
    printf(", %d call\n", calls);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
    return 0;
}
