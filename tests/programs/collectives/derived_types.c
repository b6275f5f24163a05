/* Collective operations on datatypes with gaps, different on both sides, from absolute addresses, in place: what lies between the
 * data stays as it was.
 * @np 1 2 3 4
 * @without-stock checks all it says; MPI_Reduce in place at a root other than 0 crashes in MPICH 4.0.2
 */
#include "../mpi/test.h"
#include <stddef.h>

typedef struct { char c; double d; short s[3]; } mixed; /* 32 bytes, 15 of data */

static MPI_Datatype column, mixed_type, triple;
static int n;

static mixed *new_mixed(int count, int key) {
    mixed *m = malloc(sizeof *m * (size_t)(count + 1));
    memset(m, 0x77, sizeof *m * (size_t)(count + 1));
    for (int i = 0; i < count && key >= 0; i++) {
        m[i].c = (char)(key + i), m[i].d = key * 1.5 + i;
        for (int k = 0; k < 3; k++) m[i].s[k] = (short)(key + i + k);
    }
    return m;
}

static void check_mixed(const mixed *m, int count, int key) {
    for (int i = 0; i < count; i++) {
        require(m[i].c == (char)(key + i) && m[i].d == key * 1.5 + i);
        for (int k = 0; k < 3; k++) require(m[i].s[k] == (short)(key + i + k));
        require(((const char *)&m[i])[1] == 0x77 && ((const char *)&m[i])[sizeof(mixed) - 1] == 0x77);
    }
    require(((const char *)&m[count])[0] == 0x77);
}

static void structures(void) {
    for (int root = 0; root < np; root++) {
        mixed *m = new_mixed(n, me == root ? root : -1);
        MPI_Bcast(m, n, mixed_type, root, MPI_COMM_WORLD);
        check_mixed(m, n, root);
        free(m);
        mixed *own = new_mixed(n, me * 10), *all = new_mixed(n * np, -1);
        MPI_Gather(own, n, mixed_type, all, n, mixed_type, root, MPI_COMM_WORLD);
        if (me == root)
            for (int r = 0; r < np; r++)
                for (int i = 0; i < n; i++) require(all[r * n + i].d == r * 15.0 + i && all[r * n + i].s[2] == r * 10 + i + 2);
        MPI_Scatter(all, n, mixed_type, own, n, mixed_type, root, MPI_COMM_WORLD);
        check_mixed(own, n, me * 10);
        free(all);
        all = new_mixed(n * np, -1);
        MPI_Allgather(own, n, mixed_type, all, n, mixed_type, MPI_COMM_WORLD);
        mixed *back = new_mixed(n * np, -1);
        MPI_Alltoall(all, n, mixed_type, back, n, mixed_type, MPI_COMM_WORLD);
        for (int r = 0; r < np; r++)
            for (int i = 0; i < n; i++) require(back[r * n + i].d == me * 15.0 + i);
        MPI_Alltoall(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all, n, mixed_type, MPI_COMM_WORLD);
        require(n == 0 || !memcmp(all, back, sizeof *all * (size_t)(n * np)));
        free(own), free(all), free(back);
    }
}

/* Rows are sent, columns received. */
static void transposed(void) {
    enum { K = 30 };
    static int matrix[K][K], turned[K][K];
    for (int i = 0; i < K * K; i++) matrix[i / K][i % K] = me * 10000 + i, turned[i / K][i % K] = -1;
    MPI_Request request;
    if (me == np - 1)
        MPI_Ibcast(matrix, K * K, MPI_INT, np - 1, MPI_COMM_WORLD, &request);
    else
        MPI_Ibcast(turned, K, column, np - 1, MPI_COMM_WORLD, &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    if (me != np - 1)
        for (int i = 0; i < K * K; i++) require(turned[i % K][i / K] == (np - 1) * 10000 + i);
    int *all = malloc(sizeof(int) * K * (size_t)np), *columns = malloc(sizeof(int) * K * (size_t)np * 2);
    for (int i = 0; i < K * K; i++) matrix[i / K][i % K] = me * 10000 + i;
    MPI_Allgather(matrix, 1, column, all, K, MPI_INT, MPI_COMM_WORLD);
    for (int r = 0; r < np; r++)
        for (int i = 0; i < K; i++) require(all[r * K + i] == r * 10000 + i * K);
    free(all), free(columns);
}

/* Addresses of their own: the buffer is MPI_BOTTOM. */
static void absolute(void) {
    int a[3] = {me, me + 1, me + 2}, b[5] = {me + 3, me + 4, me + 5, me + 6, me + 7}, lengths[2] = {3, 5};
    MPI_Aint at[2];
    MPI_Get_address(a, &at[0]), MPI_Get_address(b, &at[1]);
    MPI_Datatype both;
    MPI_Type_create_hindexed(2, lengths, at, MPI_INT, &both), MPI_Type_commit(&both);
    MPI_Bcast(MPI_BOTTOM, 1, both, np - 1, MPI_COMM_WORLD);
    for (int i = 0; i < 8; i++) require((i < 3 ? a[i] : b[i - 3]) == np - 1 + i);
    a[0] = me;
    int *all = malloc(sizeof(int) * 8 * (size_t)np);
    MPI_Allgather(MPI_BOTTOM, 1, both, all, 8, MPI_INT, MPI_COMM_WORLD);
    for (int r = 0; r < np; r++)
        for (int i = 0; i < 8; i++) require(all[r * 8 + i] == (i == 0 ? r : np - 1 + i));
    /* MPI_Alltoallw with displacements that are addresses. */
    int *counts = malloc(sizeof(int) * (size_t)np), *zeros = calloc((size_t)np, sizeof(int)), *displs = malloc(sizeof(int) * (size_t)np);
    MPI_Datatype *types = malloc(sizeof *types * (size_t)np), *ints = malloc(sizeof *ints * (size_t)np);
    for (int r = 0; r < np; r++) counts[r] = 1, types[r] = both, ints[r] = MPI_INT, displs[r] = 32 * r, all[r * 8] = -1;
    int *eight = malloc(sizeof(int) * (size_t)np);
    for (int r = 0; r < np; r++) eight[r] = 8;
    MPI_Alltoallw(MPI_BOTTOM, counts, zeros, types, all, eight, displs, ints, MPI_COMM_WORLD);
    for (int r = 0; r < np; r++) require(all[r * 8] == r && all[r * 8 + 7] == np - 1 + 7);
    MPI_Type_free(&both);
    free(all), free(counts), free(zeros), free(displs), free(types), free(ints), free(eight);
}

/* Adds vectors of three numbers that lie four apart; counts how often it is called with an unknown type. */
static void add_triples(void *in, void *inout, int *count, MPI_Datatype *type) {
    require(*type == triple);
    int *a = in, *b = inout;
    for (int i = 0; i < *count; i++)
        for (int k = 0; k < 3; k++) b[4 * i + k] += a[4 * i + k];
}

static void reduced(void) {
    MPI_Op add;
    MPI_Op_create(add_triples, 1, &add);
    int *own = malloc(sizeof(int) * 4 * (size_t)(n * np + 1)), *sum = malloc(sizeof(int) * 4 * (size_t)(n * np + 1));
    for (int way = 0; way < 5; way++) {
        int total = way == 4 ? n * np : n;
        for (int i = 0; i < 4 * (n * np + 1); i++) own[i] = i % 4 == 3 ? -7 : me + i, sum[i] = -9;
        switch (way) {
            case 0: MPI_Reduce(own, sum, n, triple, add, np - 1, MPI_COMM_WORLD); break;
            case 1: MPI_Allreduce(own, sum, n, triple, add, MPI_COMM_WORLD); break;
            case 2: MPI_Scan(own, sum, n, triple, add, MPI_COMM_WORLD); break;
            case 3: MPI_Exscan(own, sum, n, triple, add, MPI_COMM_WORLD); break;
            case 4: MPI_Reduce_scatter_block(own, sum, n, triple, add, MPI_COMM_WORLD);
        }
        int terms = way == 2 ? me + 1 : way == 3 ? me : np, first = way == 4 ? me * n : 0;
        if ((way == 0 && me != np - 1) || (way == 3 && me == 0)) continue;
        for (int i = 0; i < 4 * n; i++)
            require(sum[i] == (i % 4 == 3 ? -9 : terms * (i + 4 * first) + terms * (terms - 1) / 2));
        require(sum[4 * n] == -9);
        for (int i = 0; i < 4 * total; i++) require(own[i] == (i % 4 == 3 ? -7 : me + i));
    }
    for (int i = 0; i < 4 * n; i++) sum[i] = i % 4 == 3 ? -7 : me + i;
    MPI_Allreduce(MPI_IN_PLACE, sum, n, triple, add, MPI_COMM_WORLD);
    for (int i = 0; i < 4 * n; i++) require(sum[i] == (i % 4 == 3 ? -7 : np * i + np * (np - 1) / 2));
    MPI_Op_free(&add);
    free(own), free(sum);
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Datatype plain, vector;
    int lengths[3] = {1, 1, 3};
    MPI_Aint at[3] = {offsetof(mixed, c), offsetof(mixed, d), offsetof(mixed, s)};
    MPI_Datatype parts[3] = {MPI_CHAR, MPI_DOUBLE, MPI_SHORT};
    MPI_Type_create_struct(3, lengths, at, parts, &plain);
    MPI_Type_create_resized(plain, 0, sizeof(mixed), &mixed_type), MPI_Type_commit(&mixed_type);
    MPI_Type_vector(30, 1, 30, MPI_INT, &vector);
    MPI_Type_create_resized(vector, 0, sizeof(int), &column), MPI_Type_commit(&column);
    MPI_Datatype three;
    MPI_Type_contiguous(3, MPI_INT, &three);
    MPI_Type_create_resized(three, 0, 4 * sizeof(int), &triple), MPI_Type_commit(&triple);
    static const int sizes[] = {0, 1, 5, 40, 1000, 9000};
    for (int s = 0; s < 6; s++) n = sizes[s], structures(), reduced();
    transposed();
    absolute();
    MPI_Finalize();
    if (me == 0) puts("done");
    return 0;
}
