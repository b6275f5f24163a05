/* A short and a long message on communicators of every constructor, which do not mix; and many made and freed.
 * @np 2 4 */
#include "test.h"
static int made;
static void pass(const char *name, MPI_Comm comm) {
    static char out[100000], in[100000];
    if (made++, comm == MPI_COMM_NULL) return;
    int rank, size;
    MPI_Comm_rank(comm, &rank), MPI_Comm_size(comm, &size);
    for (int bytes = 10; bytes <= 100000; bytes *= 10000) {
        MPI_Request r[2];
        fill(out, bytes, made + rank);
        MPI_Irecv(in, bytes, MPI_BYTE, (rank + size - 1) % size, 1, comm, &r[0]);
        MPI_Isend(out, bytes, MPI_BYTE, (rank + 1) % size, 1, comm, &r[1]);
        MPI_Waitall(2, r, MPI_STATUSES_IGNORE);
        require(is_filled(in, bytes, made + (rank + size - 1) % size));
    }
    printf("%s: %d of %d\n", name, rank, size);
}
int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Comm c[16];
    MPI_Group world, some;
    MPI_Request request;
    int n = 0, dims[1] = {np}, ring[1] = {1}, keep[1] = {0}, low[1] = {0}, range[1][3] = {{np - 1, 0, -1}};
    MPI_Comm_dup(MPI_COMM_WORLD, &c[n++]);
    MPI_Comm_idup(c[0], &c[n++], &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    MPI_Comm_dup_with_info(MPI_COMM_WORLD, MPI_INFO_NULL, &c[n++]);
    MPI_Comm_split(MPI_COMM_WORLD, me % 2, -me, &c[n++]);
    MPI_Comm_split(MPI_COMM_WORLD, me == 0 ? MPI_UNDEFINED : 1, me, &c[n++]);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &c[n++]);
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Group_range_incl(world, 1, range, &some);
    MPI_Comm_create(MPI_COMM_WORLD, some, &c[n++]);
    MPI_Comm_create_group(MPI_COMM_WORLD, some, 5, &c[n++]);
    MPI_Cart_create(MPI_COMM_WORLD, 1, dims, ring, 1, &c[n++]);
    MPI_Cart_sub(c[n - 1], keep, &c[n]), n++;
    int index[64], edges[128];
    for (int i = 0; i < np; i++) index[i] = 2 * (i + 1), edges[2 * i] = (i + 1) % np, edges[2 * i + 1] = (i + np - 1) % np;
    MPI_Graph_create(MPI_COMM_WORLD, np, index, edges, 0, &c[n++]);
    MPI_Dist_graph_create_adjacent(MPI_COMM_WORLD, 1, &edges[2 * me + 1], MPI_UNWEIGHTED, 1, &edges[2 * me], MPI_UNWEIGHTED, MPI_INFO_NULL, 0, &c[n++]);
    int one = 1, to = edges[2 * me];
    MPI_Dist_graph_create(MPI_COMM_WORLD, 1, &me, &one, &to, MPI_UNWEIGHTED, MPI_INFO_NULL, 0, &c[n++]);
    MPI_Comm half, inter;
    MPI_Comm_split(MPI_COMM_WORLD, me >= np / 2, me, &half);
    MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, me < np / 2 ? np / 2 : 0, 9, &inter);
    MPI_Intercomm_merge(inter, me < np / 2, &c[n++]);
    const char *names[] = {"dup", "idup", "dup_with_info", "split", "undefined", "split_type", "create", "create_group",
                           "cart", "cart_sub", "graph", "dist_graph_adjacent", "dist_graph", "merge"};
    pass("self", MPI_COMM_SELF);
    for (int i = 0; i < n; i++) pass(names[i], c[i]);
    /* The same tag on several communicators at once, received in the opposite order. */
    int out[16], in[16];
    MPI_Request r[32];
    int order[4] = {0, 1, 2, 5};
    for (int i = 0; i < 4; i++) {
        out[i] = me * 100 + i;
        MPI_Isend(&out[i], 1, MPI_INT, (me + 1) % np, 7, c[order[i]], &r[i]);
    }
    for (int i = 3; i >= 0; i--) {
        MPI_Recv(&in[i], 1, MPI_INT, (me + np - 1) % np, 7, c[order[i]], MPI_STATUS_IGNORE);
        require(in[i] == (me + np - 1) % np * 100 + i);
    }
    MPI_Waitall(4, r, MPI_STATUSES_IGNORE);
    for (int i = 0; i < n; i++) if (c[i] != MPI_COMM_NULL) MPI_Comm_free(&c[i]);
    for (int i = 0; i < 300; i++) {
        MPI_Comm copy;
        MPI_Comm_dup(MPI_COMM_WORLD, &copy);
        int value = i, got = -1;
        MPI_Sendrecv(&value, 1, MPI_INT, (me + 1) % np, 0, &got, 1, MPI_INT, (me + np - 1) % np, 0, copy, MPI_STATUS_IGNORE);
        require(got == i);
        MPI_Comm_free(&copy);
    }
    MPI_Comm_free(&inter), MPI_Comm_free(&half), MPI_Group_free(&some), MPI_Group_free(&world);
    MPI_Finalize();
    return 0;
}
