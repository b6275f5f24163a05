/* Neighbourhood operations on grids (with ends, and so narrow that a neighbour is one twice or the rank itself), graphs and distributed
 * graphs with several edges between two ranks: every rank says what it received, and no more.
 * @np 1 2 4 6
 */
#include "../mpi/test.h"

#define MAX 64
static int from[MAX * 40], to[MAX * 40];

static void say(const char *what, const char *call, int edges, int n) {
    unsigned sum = 0;
    printf("%d: %s, %s:", me, what, call);
    for (int e = 0; e < edges; e++) printf(" %d", n ? to[e * n] : -1);
    for (int i = 0; i < MAX * 40; i++) sum = sum * 31 + (unsigned)to[i];
    printf(" %u\n", sum);
}

static void begin_call(void) {
    for (int i = 0; i < MAX * 40; i++) from[i] = me * 10000 + i, to[i] = -5;
}

/* In a grid what leaves in one direction arrives from the other; MPICH 4.0.2 confuses them where a grid is one or two ranks wide. */
static int grid, chain; /* a chain: ends without neighbours, for which MPI_Neighbor_alltoallw of MPICH 4.0.2 moves nothing */
static void check_directions(MPI_Comm comm, int edges, int n) {
    for (int e = 0; e < edges; e++) {
        int before, behind;
        MPI_Cart_shift(comm, e / 2, 1, &before, &behind);
        int neighbor = e % 2 ? behind : before;
        for (int i = 0; i < n; i++) require(to[e * n + i] == (neighbor < 0 ? -5 : neighbor * 10000 + (e ^ 1) * n + i));
    }
}

/* What a call with blocks of its own for each neighbour has brought. */
static void tell(const char *what, MPI_Comm comm, const char *call, int edges, int n) {
    if (grid) check_directions(comm, edges, n);
    else if (chain) for (int i = 0; i < edges * n; i++) require(to[i] == (me - 1) * 10000 + i);
    else say(what, call, edges, n);
}

static void exchange(const char *what, MPI_Comm comm, int in, int out) {
    static const int sizes[] = {1, 0, 37};
    for (int s = 0; s < 3; s++) {
        int n = sizes[s], counts[40], displs[40], outdispls[40];
        MPI_Aint bytes[40], outbytes[40];
        MPI_Datatype types[40];
        MPI_Request request;
        for (int e = 0; e < 40; e++) counts[e] = n, displs[e] = e * n, outdispls[e] = e * n, types[e] = MPI_INT, bytes[e] = outbytes[e] = 4 * e * n;
        begin_call(), MPI_Neighbor_allgather(from, n, MPI_INT, to, n, MPI_INT, comm), say(what, "allgather", in, n);
        begin_call(), MPI_Neighbor_allgatherv(from, n, MPI_INT, to, counts, displs, MPI_INT, comm), say(what, "allgatherv", in, n);
        begin_call(), MPI_Neighbor_alltoall(from, n, MPI_INT, to, n, MPI_INT, comm), tell(what, comm, "alltoall", in, n);
        begin_call(), MPI_Neighbor_alltoallv(from, counts, outdispls, MPI_INT, to, counts, displs, MPI_INT, comm), tell(what, comm, "alltoallv", in, n);
        begin_call(), MPI_Neighbor_alltoallw(from, counts, outbytes, types, to, counts, bytes, types, comm), tell(what, comm, "alltoallw", in, n);
        begin_call(), MPI_Ineighbor_allgather(from, n, MPI_INT, to, n, MPI_INT, comm, &request), MPI_Wait(&request, MPI_STATUS_IGNORE), say(what, "iallgather", in, n);
        begin_call(), MPI_Ineighbor_alltoall(from, n, MPI_INT, to, n, MPI_INT, comm, &request), MPI_Wait(&request, MPI_STATUS_IGNORE), tell(what, comm, "ialltoall", in, n);
        begin_call(), MPI_Ineighbor_alltoallv(from, counts, outdispls, MPI_INT, to, counts, displs, MPI_INT, comm, &request), MPI_Wait(&request, MPI_STATUS_IGNORE), tell(what, comm, "ialltoallv", in, n);
        (void)out;
    }
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    static const int shapes[][2] = {{1, 0}, {2, 0}, {2, 1}};
    for (int k = 0; k < 3; k++)
        for (int periodic = 0; periodic < 2; periodic++) {
            int dims[2] = {shapes[k][1] ? 2 : 0, 0}, periods[2] = {periodic, periodic}, nd = shapes[k][0];
            if (np % 2 && dims[0]) continue;
            MPI_Comm cart;
            char name[60];
            MPI_Dims_create(np, nd, dims);
            MPI_Cart_create(MPI_COMM_WORLD, nd, dims, periods, 0, &cart);
            snprintf(name, sizeof name, "grid %d x %d%s", dims[0], nd > 1 ? dims[1] : 1, periodic ? ", periodic" : "");
            grid = 1, exchange(name, cart, 2 * nd, 2 * nd), grid = 0;
            MPI_Comm_free(&cart);
        }
    /* Everybody with rank 0, and 0 with itself. */
    int index[40], edges[80], e = 0;
    for (int r = 0; r < np; r++) {
        if (r == 0) for (int o = 0; o < np; o++) edges[e++] = o;
        else edges[e++] = 0;
        index[r] = e;
    }
    MPI_Comm star, wild;
    MPI_Graph_create(MPI_COMM_WORLD, np, index, edges, 0, &star);
    exchange("star", star, me ? 1 : np, me ? 1 : np);
    /* r sends to r + 1 twice, to r + 2, and rank 0 to nobody else; with several edges between the same ranks if there are few. */
    int destinations[3] = {(me + 1) % np, (me + 1) % np, (me + 2) % np}, sources[3] = {(me + np - 1) % np, (me + np - 1) % np, (me + 2 * np - 2) % np};
    MPI_Dist_graph_create_adjacent(MPI_COMM_WORLD, 3, sources, MPI_UNWEIGHTED, 3, destinations, MPI_UNWEIGHTED, MPI_INFO_NULL, 0, &wild);
    exchange("distributed graph", wild, 3, 3);
    MPI_Comm_free(&star), MPI_Comm_free(&wild);
    /* A chain: ends have no source or no destination. */
    int before = me - 1, behind = me + 1;
    MPI_Dist_graph_create_adjacent(MPI_COMM_WORLD, me > 0, &before, MPI_UNWEIGHTED, me < np - 1, &behind, MPI_UNWEIGHTED, MPI_INFO_NULL, 0, &wild);
    chain = 1, exchange("chain", wild, me > 0, me < np - 1);
    MPI_Comm_free(&wild);
    MPI_Finalize();
    return 0;
}
