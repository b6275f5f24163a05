/* Null pointers where MPI wants to read or write something: an error, not a crash.
 * @np 2 */
#include "errors.h"
int main(int argc, char **argv) {
    begin_errors(&argc, &argv);
    char data[64] = {0}, *null = NULL;
    MPI_Request request = MPI_REQUEST_NULL, *requests = NULL;
    MPI_Message message;
    MPI_Status status;
    MPI_Datatype pair; /* starts at its buffer's address */
    int flag, index;
    MPI_Type_contiguous(2, MPI_INT, &pair);
    MPI_Type_commit(&pair);

    try(MPI_Send(null, 1, pair, 1, 0, own));
    try(MPI_Ssend(null, 1, pair, 1, 0, own));
    try(MPI_Isend(null, 1, pair, 1, 0, own, &request));
    try(MPI_Send_init(null, 1, pair, 1, 0, own, &request));
    try(MPI_Recv(null, 1, pair, 1, 0, own, &status));
    try(MPI_Irecv(null, 1, pair, 1, 0, own, &request));
    try(MPI_Sendrecv(null, 1, pair, me, 0, data, 1, pair, me, 0, own, &status));
    try(MPI_Sendrecv_replace(null, 1, pair, me, 0, me, 0, own, &status));

    try(MPI_Isend(data, 1, MPI_CHAR, 1, 0, own, NULL));
    try(MPI_Ibsend(data, 1, MPI_CHAR, 1, 0, own, NULL));
    try(MPI_Issend(data, 1, MPI_CHAR, 1, 0, own, NULL));
    try(MPI_Irsend(data, 1, MPI_CHAR, 1, 0, own, NULL));
    try(MPI_Irecv(data, 1, MPI_CHAR, 1, 0, own, NULL));
    try(MPI_Send_init(data, 1, MPI_CHAR, 1, 0, own, NULL));
    try(MPI_Bsend_init(data, 1, MPI_CHAR, 1, 0, own, NULL));
    try(MPI_Ssend_init(data, 1, MPI_CHAR, 1, 0, own, NULL));
    try(MPI_Rsend_init(data, 1, MPI_CHAR, 1, 0, own, NULL));
    try(MPI_Recv_init(data, 1, MPI_CHAR, 1, 0, own, NULL));
    try(MPI_Isendrecv(data, 1, MPI_CHAR, me, 0, data + 9, 1, MPI_CHAR, me, 0, own, NULL));
    try(MPI_Isendrecv_replace(data, 1, MPI_CHAR, me, 0, me, 0, own, NULL));

    MPI_Isend(data, 4, MPI_CHAR, me, 3, own, &request); /* for the probes to find */
    try(MPI_Probe(me, 3, own, NULL));
    try(MPI_Iprobe(me, 3, own, NULL, &status));
    try(MPI_Iprobe(me, 3, own, &flag, NULL));
    try(MPI_Mprobe(me, 3, own, NULL, &status));
    try(MPI_Improbe(me, 3, own, &flag, NULL, &status));
    try(MPI_Improbe(me, 3, own, NULL, &message, &status));
    try(MPI_Recv(data, 4, MPI_CHAR, me, 3, own, NULL));
    try(MPI_Mrecv(data, 4, MPI_CHAR, NULL, &status));
    try(MPI_Imrecv(data, 4, MPI_CHAR, NULL, &request));
    try(MPI_Recv(data, 4, MPI_CHAR, me, 3, own, &status));

    try(MPI_Wait(NULL, &status));
    try(MPI_Wait(&request, NULL));
    try(MPI_Test(NULL, &flag, &status));
    try(MPI_Test(&request, NULL, &status));
    try(MPI_Test(&request, &flag, NULL));
    try(MPI_Waitall(1, NULL, &status));
    try(MPI_Waitall(1, &request, NULL));
    try(MPI_Waitall(-1, &request, &status));
    try(MPI_Testall(1, NULL, &flag, &status));
    try(MPI_Testall(1, &request, NULL, &status));
    try(MPI_Testall(-1, &request, &flag, &status));
    try(MPI_Waitany(1, NULL, &index, &status));
    try(MPI_Waitany(1, &request, NULL, &status));
    try(MPI_Waitany(1, &request, &index, NULL));
    try(MPI_Waitany(-1, &request, &index, &status));
    try(MPI_Testany(1, NULL, &index, &flag, &status));
    try(MPI_Testany(1, &request, NULL, &flag, &status));
    try(MPI_Testany(1, &request, &index, NULL, &status));
    try(MPI_Waitsome(1, NULL, &flag, &index, &status));
    try(MPI_Waitsome(1, &request, NULL, &index, &status));
    try(MPI_Waitsome(1, &request, &flag, NULL, &status));
    try(MPI_Testsome(1, &request, NULL, &index, &status));
    try(MPI_Testsome(1, &request, &flag, NULL, &status));
    try(MPI_Testsome(-1, &request, &flag, &index, &status));
    try(MPI_Request_free(NULL));
    try(MPI_Request_get_status(request, NULL, &status));
    try(MPI_Request_get_status(request, &flag, NULL));
    try(MPI_Cancel(NULL));
    try(MPI_Start(NULL));
    try(MPI_Startall(1, requests));
    try(MPI_Startall(-1, &request));
    try(MPI_Comm_free(NULL));
    try(MPI_Comm_disconnect(NULL));
    try(MPI_Comm_dup(own, NULL));
    try(MPI_Buffer_attach(NULL, 100));
    MPI_Type_free(&pair);
    end_errors();
    return 0;
}
