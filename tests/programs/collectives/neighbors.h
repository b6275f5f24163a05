/* What the programs about neighbours share: all calls on one communicator. */
#include "../mpi/test.h"

#define MAX 64
static int from[MAX * 40], to[MAX * 40];

static int grid, chain; /* a chain: ends without neighbours, for which MPI_Neighbor_alltoallw of MPICH 4.0.2 moves nothing */

static void say(const char *what, const char *call, int edges, int n) {
    unsigned sum = 0;
    if (grid || chain) return; /* its programs check what they receive themselves */
    printf("%d: %s, %s:", me, what, call);
    for (int e = 0; e < edges; e++) printf(" %d", n ? to[e * n] : -1);
    for (int i = 0; i < MAX * 40; i++) sum = sum * 31 + (unsigned)to[i];
    printf(" %u\n", sum);
}

static void begin_call(void) {
    for (int i = 0; i < MAX * 40; i++) from[i] = me * 10000 + i, to[i] = -5;
}

/* In a grid what leaves in one direction arrives from the other. */
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

