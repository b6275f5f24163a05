/* Wrong arguments are errors of the classes that stock MPICH gives, and the library is usable afterwards.
 * @np 2 */
#include "test.h"
static void show(const char *what, int error) { if (me == 0) printf("%s: %s\n", what, class_of(error)); }
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int data[4] = {0}, *attribute, flag;
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &attribute, &flag);
    if (me == 0) printf("TAG_UB %d %d\n", flag, *attribute);
    show("send to rank np", MPI_Send(data, 1, MPI_INT, np, 0, MPI_COMM_WORLD));
    show("send to rank -5", MPI_Send(data, 1, MPI_INT, -5, 0, MPI_COMM_WORLD));
    show("send to ANY_SOURCE", MPI_Send(data, 1, MPI_INT, MPI_ANY_SOURCE, 0, MPI_COMM_WORLD));
    show("send tag -1", MPI_Send(data, 1, MPI_INT, 1, -1, MPI_COMM_WORLD));
    show("send tag beyond TAG_UB", MPI_Send(data, 1, MPI_INT, 1, *attribute + 1, MPI_COMM_WORLD));
    show("send count -1", MPI_Send(data, -1, MPI_INT, 1, 0, MPI_COMM_WORLD));
    show("send null type", MPI_Send(data, 1, MPI_DATATYPE_NULL, 1, 0, MPI_COMM_WORLD));
    show("send null buffer", MPI_Send(NULL, 1, MPI_INT, 1, 0, MPI_COMM_WORLD));
    show("send null comm", MPI_Send(data, 1, MPI_INT, 1, 0, MPI_COMM_NULL));
    show("recv rank np", MPI_Recv(data, 1, MPI_INT, np, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    show("recv tag -7", MPI_Recv(data, 1, MPI_INT, 0, -7, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    show("irecv count -1", MPI_Irecv(data, -1, MPI_INT, 0, 0, MPI_COMM_WORLD, &request));
    show("isend rank np", MPI_Isend(data, 1, MPI_INT, np, 0, MPI_COMM_WORLD, &request));
    show("probe rank np", MPI_Probe(np, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    show("sendrecv tag -3", MPI_Sendrecv(data, 1, MPI_INT, 0, -3, data + 1, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    MPI_Datatype pair;
    MPI_Type_contiguous(2, MPI_INT, &pair);
    show("send of an uncommitted type", MPI_Send(data, 1, pair, 1, 0, MPI_COMM_WORLD));
    show("irecv of an uncommitted type", MPI_Irecv(data, 1, pair, 1, 0, MPI_COMM_WORLD, &request));
    show("send_init of an uncommitted type", MPI_Send_init(data, 1, pair, 1, 0, MPI_COMM_WORLD, &request));
    MPI_Type_commit(&pair);
    show("the same committed", MPI_Sendrecv(data, 1, pair, me, 0, data + 2, 1, pair, me, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
    MPI_Type_free(&pair);
    show("start null", MPI_Start(&request));
    show("wait null", MPI_Wait(&request, MPI_STATUS_IGNORE));
    MPI_Sendrecv(&me, 1, MPI_INT, 1 - me, *attribute, data, 1, MPI_INT, 1 - me, *attribute, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    printf("then %d\n", data[0] == 1 - me);
    MPI_Finalize();
    return 0;
}
