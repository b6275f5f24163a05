/* Requests used wrongly, attached buffers used wrongly: class of the error, and whose error handler is called.
 * @np 2 */
#include "errors.h"
int main(int argc, char **argv) {
    begin_errors(&argc, &argv);
    static char data[100000], space[2000], *old;
    MPI_Request request, pair[2];
    MPI_Status statuses[2];
    int flag, size;

    MPI_Irecv(data, 1, MPI_CHAR, me, 7, own, &request); /* active, and not persistent */
    try(MPI_Start(&request));
    try(MPI_Startall(1, &request));
    MPI_Cancel(&request), MPI_Wait(&request, MPI_STATUS_IGNORE);

    request = MPI_REQUEST_NULL;
    try(MPI_Request_free(&request));
    try(MPI_Cancel(&request));
    try(MPI_Start(&request));
    try(MPI_Startall(1, &request));
    try(MPI_Startall(0, &request));
    request = (MPI_Request)0x12345678; /* an integer that is no request */
    try(MPI_Wait(&request, MPI_STATUS_IGNORE));
    try(MPI_Test(&request, &flag, MPI_STATUS_IGNORE));
    try(MPI_Request_free(&request));
    try(MPI_Cancel(&request));
    try(MPI_Waitall(1, &request, statuses));
    try(MPI_Testall(1, &request, &flag, statuses));

    MPI_Recv_init(data, 1, MPI_CHAR, me, 7, own, &request);
    try(MPI_Cancel(&request)); /* inactive */
    MPI_Start(&request);
    try(MPI_Start(&request));
    pair[0] = request, pair[1] = MPI_REQUEST_NULL;
    try(MPI_Startall(2, pair));
    MPI_Cancel(&request), MPI_Wait(&request, MPI_STATUS_IGNORE);
    try(MPI_Startall(2, pair));
    MPI_Cancel(&request), MPI_Wait(&request, MPI_STATUS_IGNORE);
    MPI_Request_free(&request);

    try(MPI_Buffer_detach(&old, &size));
    try(MPI_Bsend(data, 1, MPI_CHAR, me, 1, own));
    try(MPI_Ibsend(data, 1, MPI_CHAR, me, 1, own, &request));
    try(MPI_Bsend_init(data, 1900, MPI_CHAR, me, 1, own, &request));
    try(MPI_Start(&request));
    try(MPI_Buffer_attach(space, -1));
    try(MPI_Buffer_attach(space, sizeof space));
    try(MPI_Buffer_attach(data, sizeof data));
    try(MPI_Bsend(data, 2000, MPI_CHAR, me, 1, own));
    try(MPI_Bsend(data, 100000, MPI_CHAR, me, 1, own));
    try(MPI_Start(&request));
    try(MPI_Wait(&request, MPI_STATUS_IGNORE));
    try(MPI_Recv(data, 1900, MPI_CHAR, me, 1, own, MPI_STATUS_IGNORE));
    MPI_Request_free(&request);
    try(MPI_Buffer_detach(&old, &size));
    try(MPI_Buffer_detach(&old, &size));
    end_errors();
    return 0;
}
