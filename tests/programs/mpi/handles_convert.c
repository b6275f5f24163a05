/* Handles of requests and messages survive their conversion to Fortran's and back; so do those of PMPI_ and MPI_ functions.
 * @np 2 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char out[50000], in[50000];
    int other = 1 - me, flag, found;
    for (int bytes = 5; bytes <= 50000; bytes *= 100) {
        MPI_Request r[3];
        MPI_Message message;
        MPI_Status status;
        fill(out, bytes, me);
        MPI_Irecv(in, bytes, MPI_BYTE, other, 1, MPI_COMM_WORLD, &r[0]);
        PMPI_Issend(out, bytes, MPI_BYTE, other, 1, MPI_COMM_WORLD, &r[1]);
        MPI_Fint fortran[2] = {MPI_Request_c2f(r[0]), MPI_Request_c2f(r[1])};
        MPI_Request back[2] = {MPI_Request_f2c(fortran[0]), MPI_Request_f2c(fortran[1])};
        PMPI_Waitall(2, back, MPI_STATUSES_IGNORE);
        require(is_filled(in, bytes, other) && MPI_Request_c2f(MPI_REQUEST_NULL) == MPI_Request_c2f(back[0]));
        MPI_Isend(out, bytes, MPI_BYTE, other, 2, MPI_COMM_WORLD, &r[0]);
        for (flag = 0; !flag;) MPI_Improbe(MPI_ANY_SOURCE, 2, MPI_COMM_WORLD, &flag, &message, &status);
        require(message != MPI_MESSAGE_NULL && message != MPI_MESSAGE_NO_PROC);
        MPI_Message again = MPI_Message_f2c(MPI_Message_c2f(message));
        PMPI_Imrecv(in, bytes, MPI_BYTE, &again, &r[1]);
        require(again == MPI_MESSAGE_NULL);
        MPI_Waitall(2, r, MPI_STATUSES_IGNORE);
        require(is_filled(in, bytes, other));
    }
    /* A matched probe of nobody, and one on another communicator than the next receive. */
    MPI_Message message;
    MPI_Status status;
    MPI_Comm copy;
    MPI_Mprobe(MPI_PROC_NULL, 3, MPI_COMM_WORLD, &message, &status);
    require(message == MPI_MESSAGE_NO_PROC && status.MPI_SOURCE == MPI_PROC_NULL);
    MPI_Mrecv(in, 5, MPI_BYTE, &message, &status);
    require(message == MPI_MESSAGE_NULL && status.MPI_SOURCE == MPI_PROC_NULL && status.MPI_TAG == MPI_ANY_TAG);
    MPI_Comm_dup(MPI_COMM_WORLD, &copy);
    int one = 1, two = 2, got;
    MPI_Send(&one, 1, MPI_INT, other, 4, MPI_COMM_WORLD), MPI_Send(&two, 1, MPI_INT, other, 4, copy);
    MPI_Message second;
    MPI_Mprobe(other, 4, copy, &message, &status);
    MPI_Improbe(other, 4, copy, &found, &second, &status); /* it is taken */
    require(!found);
    MPI_Recv(&got, 1, MPI_INT, other, 4, MPI_COMM_WORLD, &status);
    require(got == 1);
    MPI_Mrecv(&got, 1, MPI_INT, &message, &status);
    require(got == 2);
    puts("passed");
    MPI_Comm_free(&copy);
    MPI_Finalize();
    return 0;
}
