/* MPI_Request_get_status of every kind of request: it keeps them, tells the same again, and makes progress.
 * @np 2 */
#include "test.h"
static int flag;
static MPI_Status s;
static void until_complete(MPI_Request request) { for (flag = 0; !flag;) MPI_Request_get_status(request, &flag, &s); }
static void show(const char *what) {
    int count, cancelled;
    MPI_Get_count(&s, MPI_BYTE, &count), MPI_Test_cancelled(&s, &cancelled);
    if (me == 0) printf("%s: flag %d source %d tag %d count %d cancelled %d\n", what, flag, s.MPI_SOURCE, s.MPI_TAG, count, cancelled);
}
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char out[100000], in[100000];
    int other = 1 - me;
    MPI_Request r, keep, p[2];
    for (int bytes = 10; bytes <= 100000; bytes *= 100) {
        MPI_Irecv(in, sizeof in, MPI_BYTE, MPI_ANY_SOURCE, 1, MPI_COMM_WORLD, &r), keep = r;
        MPI_Request_get_status(r, &flag, MPI_STATUS_IGNORE);
        require(!flag);
        MPI_Barrier(MPI_COMM_WORLD);
        MPI_Issend(out, bytes, MPI_BYTE, other, 1, MPI_COMM_WORLD, &p[0]);
        until_complete(r), show("receive");
        MPI_Request_get_status(r, &flag, &s), show("again");
        require(r == keep);
        until_complete(p[0]), require(flag);
        MPI_Wait(&p[0], MPI_STATUS_IGNORE);
        memset(&s, 0, sizeof s);
        MPI_Wait(&r, &s), show("wait");
        MPI_Isendrecv(out, bytes, MPI_BYTE, other, 2, in, bytes, MPI_BYTE, other, 2, MPI_COMM_WORLD, &r);
        until_complete(r), MPI_Wait(&r, MPI_STATUS_IGNORE); /* stock leaves the status alone */
        MPI_Recv_init(in, bytes, MPI_BYTE, other, 3, MPI_COMM_WORLD, &p[0]), MPI_Send_init(out, bytes, MPI_BYTE, other, 3, MPI_COMM_WORLD, &p[1]);
        for (int i = 0; i < 2; i++) {
            MPI_Request_get_status(p[0], &flag, &s), show("inactive");
            MPI_Startall(2, p);
            until_complete(p[0]), show("persistent");
            MPI_Waitall(2, p, MPI_STATUSES_IGNORE);
        }
        MPI_Start(&p[0]), MPI_Cancel(&p[0]), until_complete(p[0]);
        MPI_Test_cancelled(&s, &flag), require(flag);
        MPI_Wait(&p[0], MPI_STATUS_IGNORE), MPI_Request_free(&p[0]), MPI_Request_free(&p[1]);
    }
    MPI_Irecv(in, 1, MPI_BYTE, MPI_PROC_NULL, 3, MPI_COMM_WORLD, &r), until_complete(r), show("nobody"), MPI_Wait(&r, MPI_STATUS_IGNORE);
    MPI_Isend(out, 1, MPI_BYTE, other, 4, MPI_COMM_WORLD, &r), until_complete(r), require(flag), MPI_Request_free(&r);
    require(r == MPI_REQUEST_NULL);
    MPI_Recv(in, 1, MPI_BYTE, other, 4, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Ibarrier(MPI_COMM_WORLD, &r), until_complete(r), require(flag), MPI_Wait(&r, MPI_STATUS_IGNORE);
    MPI_Finalize();
    return 0;
}
