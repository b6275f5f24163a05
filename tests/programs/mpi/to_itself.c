/* A rank's messages to itself, on MPI_COMM_WORLD and MPI_COMM_SELF, short and long, in every order.
 * @np 1 2 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char out[500000], in[500000];
    for (int c = 0; c < 2; c++)
        for (int bytes = 0; bytes <= 500000; bytes = bytes * 20 + 1) {
            MPI_Comm comm = c ? MPI_COMM_SELF : MPI_COMM_WORLD;
            int self = c ? 0 : me, flag = 0;
            MPI_Request r[2];
            MPI_Status s[2], probed;
            fill(out, bytes, bytes);
            MPI_Irecv(in, bytes, MPI_BYTE, self, 1, comm, &r[0]);
            MPI_Send(out, bytes, MPI_BYTE, self, 1, comm);
            MPI_Wait(&r[0], MPI_STATUS_IGNORE);
            require(is_filled(in, bytes, bytes));
            memset(in, 0, sizeof in);
            MPI_Isend(out, bytes, MPI_BYTE, self, 2, comm, &r[1]);
            while (!flag) MPI_Iprobe(MPI_ANY_SOURCE, 2, comm, &flag, &probed);
            MPI_Irecv(in, bytes, MPI_BYTE, MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &r[0]);
            MPI_Waitall(2, r, s);
            require(is_filled(in, bytes, bytes) && s[0].MPI_SOURCE == self && probed.MPI_TAG == 2);
            MPI_Sendrecv(out, bytes, MPI_BYTE, self, 3, in, bytes, MPI_BYTE, self, 3, comm, MPI_STATUS_IGNORE);
            MPI_Sendrecv_replace(in, bytes, MPI_BYTE, self, 3, self, 3, comm, MPI_STATUS_IGNORE);
            MPI_Issend(out, bytes, MPI_BYTE, self, 4, comm, &r[1]);
            MPI_Recv(in, bytes, MPI_BYTE, self, 4, comm, MPI_STATUS_IGNORE);
            MPI_Wait(&r[1], MPI_STATUS_IGNORE);
            require(is_filled(in, bytes, bytes));
        }
    puts("passed");
    MPI_Finalize();
    return 0;
}
