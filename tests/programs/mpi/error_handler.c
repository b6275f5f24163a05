/* A communicator's own error handler is called with that communicator, and inherited by its copies.
 * @np 2 */
#include "test.h"
static int calls;
static MPI_Comm expected;
static void handler(MPI_Comm *comm, int *error, ...) {
    calls++;
    if (me == 1) printf("%s on the %s communicator\n", class_of(*error), *comm == expected ? "right" : "wrong");
}
int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Comm first, copy;
    MPI_Errhandler own;
    int data[100] = {0};
    MPI_Comm_create_errhandler(handler, &own);
    MPI_Comm_dup(MPI_COMM_WORLD, &first);
    MPI_Comm_set_errhandler(first, own);
    MPI_Comm_dup(first, &copy);
    MPI_Comm comms[2] = {first, copy};
    for (int i = 0; i < 2; i++) {
        expected = comms[i];
        if (me == 0) MPI_Send(data, 50, MPI_INT, 1, 0, comms[i]);
        else {
            MPI_Probe(0, 0, comms[i], MPI_STATUS_IGNORE);
            MPI_Recv(data, 5, MPI_INT, 0, 0, comms[i], MPI_STATUS_IGNORE);
            MPI_Send(data, 1, MPI_INT, 77, 0, comms[i]);
            MPI_Request request;
            MPI_Irecv(data, 1, MPI_INT, 0, -9, comms[i], &request);
        }
        MPI_Barrier(comms[i]);
    }
    printf("rank %d: %d calls\n", me, calls);
    MPI_Comm_free(&first), MPI_Comm_free(&copy), MPI_Errhandler_free(&own);
    MPI_Finalize();
    return 0;
}
