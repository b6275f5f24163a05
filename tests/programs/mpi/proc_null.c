/* Calls with MPI_PROC_NULL return at once, with the statuses the standard gives (MPI 4.0, 3.11).
 * Stock MPICH 4.0.2 gives other ones for Irecv and a persistent receive.
 * @np 1 2
 * @expect recv: source -1 tag -1 count 0
 * @expect irecv: source -1 tag -1 count 0
 * @expect sendrecv: source -1 tag -1 count 0
 * @expect replace: source -1 tag -1 count 0
 * @expect probe: source -1 tag -1 count 0
 * @expect iprobe: source -1 tag -1 count 0
 * @expect mprobe: source -1 tag -1 count 0
 * @expect mrecv: source -1 tag -1 count 0
 * @expect imrecv: source -1 tag -1 count 0
 * @expect persistent: source -1 tag -1 count 0
 */
#include "test.h"
static void show(const char *name, MPI_Status *status) {
    int count;
    MPI_Get_count(status, MPI_INT, &count);
    if (me == 0) printf("%s: source %d tag %d count %d\n", name, status->MPI_SOURCE, status->MPI_TAG, count);
}
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int data[2] = {1, 2}, flag = 0;
    MPI_Request request;
    MPI_Message message;
    MPI_Status status;
    MPI_Send(data, 2, MPI_INT, MPI_PROC_NULL, 0, MPI_COMM_WORLD);
    MPI_Ssend(data, 2, MPI_INT, MPI_PROC_NULL, 0, MPI_COMM_WORLD);
    MPI_Isend(data, 2, MPI_INT, MPI_PROC_NULL, 0, MPI_COMM_WORLD, &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    MPI_Recv(data, 2, MPI_INT, MPI_PROC_NULL, 5, MPI_COMM_WORLD, &status), show("recv", &status);
    MPI_Irecv(data, 2, MPI_INT, MPI_PROC_NULL, 5, MPI_COMM_WORLD, &request);
    MPI_Wait(&request, &status), show("irecv", &status);
    MPI_Sendrecv(data, 1, MPI_INT, MPI_PROC_NULL, 1, data, 1, MPI_INT, MPI_PROC_NULL, 2, MPI_COMM_WORLD, &status), show("sendrecv", &status);
    MPI_Sendrecv_replace(data, 1, MPI_INT, MPI_PROC_NULL, 1, MPI_PROC_NULL, 2, MPI_COMM_WORLD, &status), show("replace", &status);
    MPI_Probe(MPI_PROC_NULL, 5, MPI_COMM_WORLD, &status), show("probe", &status);
    MPI_Iprobe(MPI_PROC_NULL, 5, MPI_COMM_WORLD, &flag, &status), show("iprobe", &status);
    MPI_Mprobe(MPI_PROC_NULL, 5, MPI_COMM_WORLD, &message, &status), show("mprobe", &status);
    require(flag && message == MPI_MESSAGE_NO_PROC);
    MPI_Mrecv(data, 2, MPI_INT, &message, &status), show("mrecv", &status);
    require(message == MPI_MESSAGE_NULL);
    MPI_Improbe(MPI_PROC_NULL, 5, MPI_COMM_WORLD, &flag, &message, &status);
    MPI_Imrecv(data, 2, MPI_INT, &message, &request);
    MPI_Wait(&request, &status), show("imrecv", &status);
    MPI_Recv_init(data, 2, MPI_INT, MPI_PROC_NULL, 5, MPI_COMM_WORLD, &request);
    MPI_Start(&request), MPI_Wait(&request, &status), show("persistent", &status);
    MPI_Request_free(&request);
    require(data[0] == 1 && data[1] == 2);
    MPI_Finalize();
    return 0;
}
