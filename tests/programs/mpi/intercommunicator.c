/* Messages, probes and collectives on an intercommunicator go by the ranks of the other group.
 * @np 2 4 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char out[100000], in[100000];
    MPI_Comm half, inter, copy;
    int upper = me >= np / 2, rank, remote;
    MPI_Comm_split(MPI_COMM_WORLD, upper, me, &half);
    MPI_Comm_rank(half, &rank);
    MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, upper ? 0 : np / 2, 9, &inter);
    MPI_Comm_dup(inter, &copy);
    MPI_Comm_remote_size(copy, &remote);
    for (int bytes = 10; bytes <= 100000; bytes *= 10000) {
        MPI_Request r[3];
        MPI_Status s[3];
        fill(out, bytes, me);
        MPI_Irecv(in, bytes, MPI_BYTE, MPI_ANY_SOURCE, 1, copy, &r[0]);
        MPI_Isend(out, bytes, MPI_BYTE, rank, 1, copy, &r[1]);
        int one = 1, got;
        MPI_Irecv(&got, 1, MPI_INT, me, 2, MPI_COMM_WORLD, &r[2]); /* the shim's, in the same array */
        MPI_Send(&one, 1, MPI_INT, me, 2, MPI_COMM_WORLD);
        MPI_Waitall(3, r, s);
        require(is_filled(in, bytes, (me + np / 2) % np) && s[0].MPI_SOURCE == rank && s[2].MPI_SOURCE == me);
        MPI_Status status;
        MPI_Message message;
        MPI_Request send;
        MPI_Isend(out, bytes, MPI_BYTE, rank, 3, inter, &send);
        MPI_Probe(rank, 3, inter, &status);
        MPI_Mprobe(rank, 3, inter, &message, &status);
        MPI_Mrecv(in, bytes, MPI_BYTE, &message, &status);
        MPI_Sendrecv(out, bytes, MPI_BYTE, rank, 4, in, bytes, MPI_BYTE, rank, 4, inter, &status);
        MPI_Wait(&send, MPI_STATUS_IGNORE);
        printf("%d bytes from %d of %d\n", bytes, status.MPI_SOURCE, remote);
    }
    MPI_Comm_free(&copy), MPI_Comm_free(&inter), MPI_Comm_free(&half);
    MPI_Finalize();
    return 0;
}
