/* Every collective operation on data in a row, short and long: blocking, non-blocking and persistent, with counts of both types,
 * in place and not. Each result is computed from the ranks alone.
 * @np 1 2 3 4 5 8
 * @without-stock persistent collectives of MPICH 4.0.2 fail (MPI_Scatter_init, MPI_Start)
 */
#include "../mpi/test.h"

#define MAX 20000
#define RANKS 8

static int from[MAX * RANKS], to[MAX * RANKS], counts[RANKS], displs[RANKS], fromcounts[RANKS], fromdispls[RANKS];
static MPI_Count bigcounts[RANKS], bigfromcounts[RANKS];
static MPI_Aint bigdispls[RANKS], bigfromdispls[RANKS], bytedispls[RANKS], bytefromdispls[RANKS];
static int intdispls[RANKS], intfromdispls[RANKS];
static MPI_Datatype types[RANKS];
static int n, root, in_place;
static MPI_Request request;
static const char *doing;

static int value(int rank, int i) { return rank * 1000003 + i * 17 + n; }

static void wait_for(void) {
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    require(request == MPI_REQUEST_NULL);
}

/* The three forms of an operation. */
#define FORMS(name, iname, init, prepare, check, ...) do { \
    doing = #name; prepare; require(MPI_##name(__VA_ARGS__) == MPI_SUCCESS); check; \
    prepare; require(MPI_##iname(__VA_ARGS__, &request) == MPI_SUCCESS); wait_for(); check; \
    MPI_##init(__VA_ARGS__, MPI_INFO_NULL, &request); \
    for (int start = 0; start < 3; start++) { \
        prepare; MPI_Start(&request); MPI_Wait(&request, MPI_STATUS_IGNORE); check; \
    } \
    MPI_Request_free(&request); \
} while (0)

static void blank(void) { memset(to, 0x55, sizeof *to * (size_t)MAX * np); }
static void row(int *at) { for (int i = 0; i < n; i++) at[i] = value(me, i); }
static void rows(int *at) { for (int r = 0; r < np; r++) for (int i = 0; i < n; i++) at[r * n + i] = value(me * np + r, i); }

static void agree(int found, int expected) {
    if (found == expected) return;
    fprintf(stderr, "MPI_%s: %d instead of %d, %d numbers, %sin place\n", doing, found, expected, n, in_place ? "" : "not ");
    MPI_Abort(MPI_COMM_WORLD, 9);
}
static void check_row(const int *at, int rank) { for (int i = 0; i < n; i++) agree(at[i], value(rank, i)); }
static void check_all(void) { for (int r = 0; r < np; r++) check_row(to + r * n, r); }
static void check_exchanged(void) { for (int r = 0; r < np; r++) check_row(to + r * n, r * np + me); }

/* Sum of the values of ranks below `ranks`. */
static int sum(int ranks, int i) { int s = 0; for (int r = 0; r < ranks; r++) s += value(r, i); return s; }
static void check_sum(const int *at, int ranks, int count, int first) {
    for (int i = 0; i < count; i++) agree(at[i], sum(ranks, first + i));
}
static void full(int *at, int count) { for (int i = 0; i < count; i++) at[i] = value(me, i); }

static void barrier(void) { FORMS(Barrier, Ibarrier, Barrier_init, , , MPI_COMM_WORLD); }

static void bcast(void) {
#define PREPARE (blank(), me == root ? row(to) : (void)0)
    FORMS(Bcast, Ibcast, Bcast_init, PREPARE, check_row(to, root), to, n, MPI_INT, root, MPI_COMM_WORLD);
    FORMS(Bcast_c, Ibcast_c, Bcast_init_c, PREPARE, check_row(to, root), to, n, MPI_INT, root, MPI_COMM_WORLD);
#undef PREPARE
}

static void gather_scatter(void) {
    void *place = in_place && me == root ? MPI_IN_PLACE : from;
#define PREPARE (blank(), row(from), row(to + me * n))
#define CHECK (me == root ? check_all() : (void)0)
    FORMS(Gather, Igather, Gather_init, PREPARE, CHECK, place, n, MPI_INT, to, n, MPI_INT, root, MPI_COMM_WORLD);
    FORMS(Gather_c, Igather_c, Gather_init_c, PREPARE, CHECK, place, n, MPI_INT, to, n, MPI_INT, root, MPI_COMM_WORLD);
    FORMS(Gatherv, Igatherv, Gatherv_init, PREPARE, CHECK, place, n, MPI_INT, to, counts, displs, MPI_INT, root, MPI_COMM_WORLD);
    FORMS(Gatherv_c, Igatherv_c, Gatherv_init_c, PREPARE, CHECK, place, n, MPI_INT, to, bigcounts, bigdispls, MPI_INT, root, MPI_COMM_WORLD);
#undef PREPARE
#undef CHECK
    place = in_place && me == root ? MPI_IN_PLACE : to;
#define PREPARE (blank(), rows(from))
#define CHECK (place == to ? check_row(to, root * np + me) : check_row(from + me * n, root * np + me))
    FORMS(Scatter, Iscatter, Scatter_init, PREPARE, CHECK, from, n, MPI_INT, place, n, MPI_INT, root, MPI_COMM_WORLD);
    FORMS(Scatter_c, Iscatter_c, Scatter_init_c, PREPARE, CHECK, from, n, MPI_INT, place, n, MPI_INT, root, MPI_COMM_WORLD);
    FORMS(Scatterv, Iscatterv, Scatterv_init, PREPARE, CHECK, from, counts, displs, MPI_INT, place, n, MPI_INT, root, MPI_COMM_WORLD);
    FORMS(Scatterv_c, Iscatterv_c, Scatterv_init_c, PREPARE, CHECK, from, bigcounts, bigdispls, MPI_INT, place, n, MPI_INT, root, MPI_COMM_WORLD);
#undef PREPARE
#undef CHECK
}

static void allgather_alltoall(void) {
    void *place = in_place ? MPI_IN_PLACE : from;
#define PREPARE (blank(), row(from), row(to + me * n))
    FORMS(Allgather, Iallgather, Allgather_init, PREPARE, check_all(), place, n, MPI_INT, to, n, MPI_INT, MPI_COMM_WORLD);
    FORMS(Allgather_c, Iallgather_c, Allgather_init_c, PREPARE, check_all(), place, n, MPI_INT, to, n, MPI_INT, MPI_COMM_WORLD);
    FORMS(Allgatherv, Iallgatherv, Allgatherv_init, PREPARE, check_all(), place, n, MPI_INT, to, counts, displs, MPI_INT, MPI_COMM_WORLD);
    FORMS(Allgatherv_c, Iallgatherv_c, Allgatherv_init_c, PREPARE, check_all(), place, n, MPI_INT, to, bigcounts, bigdispls, MPI_INT, MPI_COMM_WORLD);
#undef PREPARE
#define PREPARE (blank(), rows(from), rows(to))
    FORMS(Alltoall, Ialltoall, Alltoall_init, PREPARE, check_exchanged(), place, n, MPI_INT, to, n, MPI_INT, MPI_COMM_WORLD);
    FORMS(Alltoall_c, Ialltoall_c, Alltoall_init_c, PREPARE, check_exchanged(), place, n, MPI_INT, to, n, MPI_INT, MPI_COMM_WORLD);
    FORMS(Alltoallv, Ialltoallv, Alltoallv_init, PREPARE, check_exchanged(), place, counts, displs, MPI_INT, to, counts, displs, MPI_INT, MPI_COMM_WORLD);
    FORMS(Alltoallv_c, Ialltoallv_c, Alltoallv_init_c, PREPARE, check_exchanged(), place, bigcounts, bigdispls, MPI_INT, to, bigcounts, bigdispls, MPI_INT, MPI_COMM_WORLD);
    FORMS(Alltoallw, Ialltoallw, Alltoallw_init, PREPARE, check_exchanged(), place, counts, intdispls, types, to, counts, intdispls, types, MPI_COMM_WORLD);
    FORMS(Alltoallw_c, Ialltoallw_c, Alltoallw_init_c, PREPARE, check_exchanged(), place, bigcounts, bytedispls, types, to, bigcounts, bytedispls, types, MPI_COMM_WORLD);
#undef PREPARE
}

/* Blocks of different lengths: rank s sends (s + 2 r + n) % 7 numbers to rank r. */
static int length(int s, int r) { return (s + 2 * r + n) % 7; }

static void uneven(void) {
    int at = 0, fromat = 0;
    for (int r = 0; r < np; r++) {
        counts[r] = bigcounts[r] = length(r, me), displs[r] = bigdispls[r] = at, intdispls[r] = bytedispls[r] = 4 * at, at += counts[r] + 2;
        fromcounts[r] = bigfromcounts[r] = length(me, r), fromdispls[r] = bigfromdispls[r] = fromat;
        intfromdispls[r] = bytefromdispls[r] = 4 * fromat, fromat += fromcounts[r] + 1;
    }
#define PREPARE do { blank(); for (int r = 0; r < np; r++) for (int i = 0; i < fromcounts[r]; i++) from[fromdispls[r] + i] = value(me * np + r, i); } while (0)
#define CHECK do { for (int r = 0; r < np; r++) { \
        for (int i = 0; i < counts[r]; i++) require(to[displs[r] + i] == value(r * np + me, i)); \
        for (int i = counts[r]; i < counts[r] + 2; i++) require(to[displs[r] + i] == 0x55555555); \
    } } while (0)
    FORMS(Alltoallv, Ialltoallv, Alltoallv_init, PREPARE, CHECK, from, fromcounts, fromdispls, MPI_INT, to, counts, displs, MPI_INT, MPI_COMM_WORLD);
    FORMS(Alltoallv_c, Ialltoallv_c, Alltoallv_init_c, PREPARE, CHECK, from, bigfromcounts, bigfromdispls, MPI_INT, to, bigcounts, bigdispls, MPI_INT, MPI_COMM_WORLD);
    FORMS(Alltoallw, Ialltoallw, Alltoallw_init, PREPARE, CHECK, from, fromcounts, intfromdispls, types, to, counts, intdispls, types, MPI_COMM_WORLD);
#undef PREPARE
#undef CHECK
    for (int r = 0; r < np; r++) counts[r] = length(r, 0);
#define PREPARE do { blank(); for (int i = 0; i < counts[me]; i++) from[i] = value(me, i); } while (0)
#define CHECK do { for (int r = 0; r < np; r++) for (int i = 0; i < counts[r]; i++) require(to[displs[r] + i] == value(r, i)); } while (0)
    for (int r = 0, next = 0; r < np; r++) displs[r] = next, next += counts[r] + 1;
    FORMS(Allgatherv, Iallgatherv, Allgatherv_init, PREPARE, CHECK, from, counts[me], MPI_INT, to, counts, displs, MPI_INT, MPI_COMM_WORLD);
    FORMS(Gatherv, Igatherv, Gatherv_init, PREPARE, if (me == root) CHECK, from, counts[me], MPI_INT, to, counts, displs, MPI_INT, root, MPI_COMM_WORLD);
#undef PREPARE
#undef CHECK
#define PREPARE do { blank(); for (int r = 0; r < np; r++) for (int i = 0; i < counts[r]; i++) from[displs[r] + i] = value(r, i); } while (0)
#define CHECK do { for (int i = 0; i < counts[me]; i++) require(to[i] == value(me, i)); require(to[counts[me]] == 0x55555555); } while (0)
    FORMS(Scatterv, Iscatterv, Scatterv_init, PREPARE, CHECK, from, counts, displs, MPI_INT, to, counts[me], MPI_INT, root, MPI_COMM_WORLD);
#undef PREPARE
#undef CHECK
}

static void reductions(void) {
    void *place = in_place ? MPI_IN_PLACE : from;
    void *root_place = in_place && me == root ? MPI_IN_PLACE : from;
#define PREPARE (blank(), full(from, n), full(to, n))
#define CHECK (me == root ? check_sum(to, np, n, 0) : (void)0)
    FORMS(Reduce, Ireduce, Reduce_init, PREPARE, CHECK, root_place, to, n, MPI_INT, MPI_SUM, root, MPI_COMM_WORLD);
    FORMS(Reduce_c, Ireduce_c, Reduce_init_c, PREPARE, CHECK, root_place, to, n, MPI_INT, MPI_SUM, root, MPI_COMM_WORLD);
#undef CHECK
#define CHECK check_sum(to, np, n, 0)
    FORMS(Allreduce, Iallreduce, Allreduce_init, PREPARE, CHECK, place, to, n, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    FORMS(Allreduce_c, Iallreduce_c, Allreduce_init_c, PREPARE, CHECK, place, to, n, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
#undef CHECK
#define CHECK check_sum(to, me + 1, n, 0)
    FORMS(Scan, Iscan, Scan_init, PREPARE, CHECK, place, to, n, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    FORMS(Scan_c, Iscan_c, Scan_init_c, PREPARE, CHECK, place, to, n, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
#undef CHECK
#define CHECK (me > 0 ? check_sum(to, me, n, 0) : (void)0)
    FORMS(Exscan, Iexscan, Exscan_init, PREPARE, CHECK, place, to, n, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    FORMS(Exscan_c, Iexscan_c, Exscan_init_c, PREPARE, CHECK, place, to, n, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
#undef CHECK
#undef PREPARE
#define PREPARE (blank(), full(from, n * np), full(to, n * np))
#define CHECK check_sum(to, np, n, me * n)
    FORMS(Reduce_scatter_block, Ireduce_scatter_block, Reduce_scatter_block_init, PREPARE, CHECK, place, to, n, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    FORMS(Reduce_scatter_block_c, Ireduce_scatter_block_c, Reduce_scatter_block_init_c, PREPARE, CHECK, place, to, n, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
#undef CHECK
#undef PREPARE
    int total = 0, before = 0;
    for (int r = 0; r < np; r++) bigcounts[r] = counts[r] = n > 0 ? (n + 3 * r) % 11 * n / 11 : 0, before += r < me ? counts[r] : 0, total += counts[r];
#define PREPARE (blank(), full(from, total), full(to, total))
#define CHECK check_sum(to, np, counts[me], before)
    FORMS(Reduce_scatter, Ireduce_scatter, Reduce_scatter_init, PREPARE, CHECK, place, to, counts, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    FORMS(Reduce_scatter_c, Ireduce_scatter_c, Reduce_scatter_init_c, PREPARE, CHECK, place, to, bigcounts, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    static const int sizes[] = {1, 0, 2, 9, 118, 119, 1000, MAX};
    for (int r = 0; r < np; r++) types[r] = MPI_INT;
    for (int s = 0; s < (int)(sizeof sizes / sizeof *sizes); s++)
        for (in_place = 0; in_place < 2; in_place++) {
            n = sizes[s], root = (s + in_place) % np;
            for (int r = 0; r < np; r++) {
                counts[r] = bigcounts[r] = n, displs[r] = bigdispls[r] = r * n;
                intdispls[r] = bytedispls[r] = 4 * r * n;
            }
            barrier();
            bcast();
            gather_scatter();
            allgather_alltoall();
            reductions();
            if (!in_place) uneven();
        }
    MPI_Finalize();
    if (me == 0) puts("done");
    return 0;
}
