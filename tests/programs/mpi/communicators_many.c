/* 10,000 communicators made and freed, with a message on each: handles come back for others; pending operations survive.
 * @np 2
 * @limit 60 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int right = (me + 1) % np, left = (me + np - 1) % np, got;
    static char out[90000], in[90000];
    for (int i = 0; i < 10000; i++) {
        MPI_Comm comm;
        MPI_Request request;
        if (i % 8 == 0) MPI_Comm_dup(MPI_COMM_WORLD, &comm);
        if (i % 8 == 1) MPI_Comm_split(MPI_COMM_WORLD, 0, me, &comm);
        if (i % 8 == 2) MPI_Comm_idup(MPI_COMM_WORLD, &comm, &request), MPI_Wait(&request, MPI_STATUS_IGNORE);
        if (i % 8 > 2) MPI_Comm_dup(MPI_COMM_SELF, &comm);
        int alone = i % 8 > 2, sent = me * 100000 + i;
        MPI_Sendrecv(&sent, 1, MPI_INT, alone ? 0 : right, i % 3, &got, 1, MPI_INT, MPI_ANY_SOURCE, i % 3, comm, MPI_STATUS_IGNORE);
        require(got == (alone ? me : left) * 100000 + i);
        MPI_Comm_free(&comm);
    }
    for (int i = 0; i < 50; i++) { /* freed with operations under way, and the handle used again at once */
        MPI_Comm first, second;
        MPI_Request r[4];
        int a = -1, b = -1, one = i, two = i + 1000, bytes = i % 2 ? 90000 : 600;
        fill(out, bytes, me + i), memset(in, 0, sizeof in);
        MPI_Comm_dup(MPI_COMM_WORLD, &first);
        MPI_Irecv(&a, 1, MPI_INT, left, 5, first, &r[0]);
        MPI_Irecv(in, bytes, MPI_BYTE, left, 6, first, &r[1]);
        MPI_Isend(out, bytes, MPI_BYTE, right, 6, first, &r[2]);
        if (i % 3) MPI_Send(&one, 1, MPI_INT, right, 5, first);
        else MPI_Issend(&one, 1, MPI_INT, right, 5, first, &r[3]);
        MPI_Comm_free(&first);
        MPI_Comm_dup(MPI_COMM_WORLD, &second);
        MPI_Sendrecv(&two, 1, MPI_INT, right, 5, &b, 1, MPI_INT, left, 5, second, MPI_STATUS_IGNORE);
        MPI_Waitall(i % 3 ? 3 : 4, r, MPI_STATUSES_IGNORE);
        require(a == i && b == i + 1000 && is_filled(in, bytes, left + i));
        MPI_Comm_free(&second);
    }
    puts("passed");
    MPI_Finalize();
    return 0;
}
