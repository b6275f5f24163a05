/* Isendrecv and Isendrecv_replace complete with the status of their receive; stock MPICH 4.0.2 leaves it unset.
 * @np 1 3
 * @expect tags and sources are right */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char out[100000], in[100000], both[100000];
    int right = (me + 1) % np, left = (me + np - 1) % np;
    MPI_Request r[2];
    MPI_Status s[2];
    for (int bytes = 1; bytes <= 100000; bytes *= 10) {
        int count;
        fill(out, bytes, me), fill(both, bytes, me);
        MPI_Isendrecv(out, bytes, MPI_BYTE, right, 1, in, bytes, MPI_BYTE, MPI_ANY_SOURCE, 1, MPI_COMM_WORLD, &r[0]);
        MPI_Isendrecv_replace(both, bytes, MPI_BYTE, right, 2, left, 2, MPI_COMM_WORLD, &r[1]);
        MPI_Waitall(2, r, s);
        MPI_Get_count(&s[1], MPI_BYTE, &count);
        require(s[0].MPI_SOURCE == left && s[0].MPI_TAG == 1 && s[1].MPI_SOURCE == left && count == bytes);
        require(s[1].MPI_TAG == 2 && is_filled(in, bytes, left) && is_filled(both, bytes, left));
    }
    if (me == 0) puts("tags and sources are right");
    MPI_Finalize();
    return 0;
}
