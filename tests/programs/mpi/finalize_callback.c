/* Callbacks of attributes: at a copy, at a free, and on MPI_COMM_SELF within MPI_Finalize, where messages still work.
 * @np 2 4 */
#include "test.h"
static int calls;
static int exchange(int tag) {
    static char out[80000], in[80000];
    MPI_Request r[2];
    fill(out, sizeof out, me + tag);
    MPI_Irecv(in, sizeof in, MPI_BYTE, (me + np - 1) % np, tag, MPI_COMM_WORLD, &r[0]);
    MPI_Isend(out, sizeof out, MPI_BYTE, (me + 1) % np, tag, MPI_COMM_WORLD, &r[1]);
    MPI_Waitall(2, r, MPI_STATUSES_IGNORE);
    require(is_filled(in, sizeof in, (me + np - 1) % np + tag));
    calls++;
    return MPI_SUCCESS;
}
static int copied(MPI_Comm comm, int key, void *extra, void *old, void *new, int *flag) {
    *(void **)new = old, *flag = 1;
    return exchange(1);
}
static int freed(MPI_Comm comm, int key, void *value, void *extra) { return exchange(2); }
static int ended(MPI_Comm comm, int key, void *value, void *extra) {
    for (int i = 0; i < 20; i++) exchange(3 + i);
    printf("rank %d: %d exchanges, the last in MPI_Finalize\n", me, calls);
    return MPI_SUCCESS;
}
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int key, last;
    MPI_Comm comm, copy;
    MPI_Comm_create_keyval(copied, freed, &key, NULL);
    MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, ended, &last, NULL);
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_set_attr(comm, key, &key);
    MPI_Comm_dup(comm, &copy);
    MPI_Comm_free(&copy), MPI_Comm_free(&comm);
    MPI_Comm_set_attr(MPI_COMM_SELF, last, &last);
    MPI_Finalize();
    return 0;
}
