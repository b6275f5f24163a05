/* Rank 1 makes a mistake that ends the job. Usage: fatal MISTAKE [abort|self]: with MPI_ERRORS_ABORT, on MPI_COMM_SELF */
#include <mpi.h>
#include <string.h>

int main(int argc, char **argv) {
    static char data[100000];
    int rank, peer = 0;
    MPI_Request r[2];
    MPI_Status s[2];
    MPI_Comm comm = MPI_COMM_WORLD;
    MPI_Message message;
    const char *what = argc > 1 ? argv[1] : "", *how = argc > 2 ? argv[2] : "";
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (!strcmp(how, "self")) comm = MPI_COMM_SELF;
    if (!strcmp(how, "abort")) MPI_Comm_set_errhandler(comm, MPI_ERRORS_ABORT);
    if (rank == 0 && comm == MPI_COMM_WORLD) MPI_Send(data, 50, MPI_CHAR, 1, 1, comm), MPI_Send(data, 5, MPI_CHAR, 1, 2, comm);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 1) {
        if (comm == MPI_COMM_SELF) MPI_Send(data, 50, MPI_CHAR, 0, 1, comm);
        if (!strcmp(what, "rank")) MPI_Send(data, 1, MPI_INT, 99, 0, comm);
        if (!strcmp(what, "tag")) MPI_Irecv(data, 1, MPI_INT, peer, -7, comm, &r[0]);
        if (!strcmp(what, "comm")) MPI_Send(data, 1, MPI_INT, 0, 0, MPI_COMM_NULL);
        if (!strcmp(what, "recv")) MPI_Recv(data, 20, MPI_CHAR, peer, 1, comm, MPI_STATUS_IGNORE);
        if (!strcmp(what, "wait")) MPI_Irecv(data, 20, MPI_CHAR, peer, 1, comm, &r[0]), MPI_Wait(&r[0], MPI_STATUS_IGNORE);
        if (!strcmp(what, "mrecv")) MPI_Mprobe(peer, 1, comm, &message, s), MPI_Mrecv(data, 20, MPI_CHAR, &message, s);
        if (!strcmp(what, "bsend")) MPI_Bsend(data, 20, MPI_CHAR, peer, 3, comm);
        if (!strcmp(what, "waitall")) {
            for (int i = 0; i < 2; i++) MPI_Irecv(data, 20, MPI_CHAR, peer, i + 1, comm, &r[i]);
            MPI_Waitall(2, r, s);
        }
        if (!strcmp(what, "start")) {
            MPI_Recv_init(data, 20, MPI_CHAR, peer, 9, comm, &r[0]);
            MPI_Start(&r[0]), MPI_Start(&r[0]);
        }
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (!strcmp(what, "finalized")) { /* a message after the end */
        MPI_Finalize();
        MPI_Send(data, 1, MPI_INT, 1 - rank, 0, MPI_COMM_WORLD);
        return 0;
    }
    MPI_Finalize();
    return 0;
}
