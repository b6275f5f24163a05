/* Reductions with every predefined operation on types of every kind, and with operations of the program that do not commute:
 * results are those of the ranks' order, and the same, to the last bit, each time and everywhere.
 * @np 1 2 3 5
 * @without-stock checks all it says; MPICH 4.0.2 orders unsigned integers as signed ones
 */
#include "../mpi/test.h"
#include <complex.h>
#include <stdint.h>

#define MAX 3000
static int n;

#define INTEGERS(type, mpi) do { \
    static type own[MAX], got[MAX]; \
    static const MPI_Op ops[] = {MPI_MAX, MPI_MIN, MPI_SUM, MPI_PROD, MPI_LAND, MPI_LOR, MPI_LXOR, MPI_BAND, MPI_BOR, MPI_BXOR}; \
    for (int o = 0; o < 10; o++) { \
        for (int i = 0; i < n; i++) own[i] = (type)VALUE(type, me, i), got[i] = 99; \
        MPI_Allreduce(own, got, n, mpi, ops[o], MPI_COMM_WORLD); \
        for (int i = 0; i < n; i++) { \
            type e = (type)VALUE(type, 0, i); \
            for (int r = 1; r < np; r++) { \
                type v = (type)VALUE(type, r, i); \
                switch (o) { \
                    case 0: e = v > e ? v : e; break; \
                    case 1: e = v < e ? v : e; break; \
                    case 2: e = (type)((uint64_t)e + (uint64_t)v); break; \
                    case 3: e = (type)((uint64_t)e * (uint64_t)v); break; \
                    case 4: e = e && v; break; \
                    case 5: e = e || v; break; \
                    case 6: e = !e != !v; break; \
                    case 7: e = (type)(e & v); break; \
                    case 8: e = (type)(e | v); break; \
                    case 9: e = (type)(e ^ v); \
                } \
            } \
            if (o >= 4 && o <= 6 && np == 1) continue; \
            if (got[i] != e) fprintf(stderr, #mpi " operation %d, number %d of %d\n", o, i, n); \
            require(got[i] == e); \
        } \
    } \
} while (0)
#define VALUE(type, r, i) ((type)((i) % 5 == 0 ? 0 : (((uint64_t)(r) * 977 + (uint64_t)(i) * 131 + 13) * 0x9e3779b97f4a7c15u) >> 7))

#define FLOATS(type, mpi) do { \
    static type own[MAX], got[MAX], again[MAX]; \
    static const MPI_Op ops[] = {MPI_MAX, MPI_MIN, MPI_SUM, MPI_PROD}; \
    for (int o = 0; o < 4; o++) { \
        for (int i = 0; i < n; i++) own[i] = (type)(1.0 / (me + 3 + i % 17)); \
        MPI_Allreduce(own, got, n, mpi, ops[o], MPI_COMM_WORLD); \
        for (int i = 0; i < n; i++) { \
            type e = (type)(1.0 / (3 + i % 17)); \
            for (int r = 1; r < np; r++) { \
                type v = (type)(1.0 / (r + 3 + i % 17)); \
                e = o == 0 ? (v > e ? v : e) : o == 1 ? (v < e ? v : e) : o == 2 ? e + v : e * v; \
            } \
            type difference = got[i] - e; \
            require((difference < 0 ? -difference : difference) <= e * (type)1e-5); \
        } \
        if (me % 2) usleep(300); \
        MPI_Allreduce(own, again, n, mpi, ops[o], MPI_COMM_WORLD); \
        require(!memcmp(got, again, sizeof(type) * (size_t)(sizeof(type) == 16 ? 0 : n))); \
        memcpy(again, got, sizeof again); \
        MPI_Bcast(again, n, mpi, 0, MPI_COMM_WORLD); \
        require(!memcmp(got, again, sizeof(type) * (size_t)(sizeof(type) == 16 ? 0 : n))); \
    } \
} while (0)

static void complex_numbers(void) {
    static double complex own[MAX], got[MAX];
    for (int i = 0; i < n; i++) own[i] = me + 1 + (i % 7) * I;
    MPI_Allreduce(own, got, n, MPI_C_DOUBLE_COMPLEX, MPI_SUM, MPI_COMM_WORLD);
    for (int i = 0; i < n; i++) require(got[i] == np * (np + 1) / 2 + (double)np * (i % 7) * I);
    MPI_Allreduce(own, got, n, MPI_C_DOUBLE_COMPLEX, MPI_PROD, MPI_COMM_WORLD);
    for (int i = 0; i < n; i++) {
        double complex e = 1;
        for (int r = 0; r < np; r++) e *= r + 1 + (i % 7) * I;
        double complex difference = got[i] - e;
        double *d = (double *)&difference, *whole = (double *)&e;
        require(d[0] * d[0] + d[1] * d[1] <= 1e-18 * (whole[0] * whole[0] + whole[1] * whole[1] + 1));
    }
}

static void pairs(void) {
    static struct { double value; int index; } own[MAX], got[MAX];
    static struct { int value, index; } own2[MAX], got2[MAX];
    for (int i = 0; i < n; i++) {
        own[i].value = own2[i].value = (me * 7 + i) % (np + 1), own[i].index = own2[i].index = me;
        got[i].index = -1;
    }
    MPI_Allreduce(own, got, n, MPI_DOUBLE_INT, MPI_MAXLOC, MPI_COMM_WORLD);
    MPI_Allreduce(own2, got2, n, MPI_2INT, MPI_MINLOC, MPI_COMM_WORLD);
    for (int i = 0; i < n; i++) {
        int high = -1, highest = 0, low = 1 << 20, lowest = 0;
        for (int r = 0; r < np; r++) {
            int v = (r * 7 + i) % (np + 1);
            if (v > high) high = v, highest = r;
            if (v < low) low = v, lowest = r;
        }
        require(got[i].value == high && got[i].index == highest);
        require(got2[i].value == low && got2[i].index == lowest);
    }
}

/* Matrices of two by two, modulo a prime: the product does not commute. */
typedef struct { unsigned m[4]; } matrix;
static void multiply(void *in, void *inout, int *count, MPI_Datatype *type) {
    (void)type;
    matrix *a = in, *b = inout;
    for (int i = 0; i < *count; i++) {
        matrix c;
        for (int k = 0; k < 4; k++)
            c.m[k] = (a[i].m[k / 2 * 2] * b[i].m[k % 2] + a[i].m[k / 2 * 2 + 1] * b[i].m[k % 2 + 2]) % 65521;
        b[i] = c;
    }
}
static matrix factor(int r, int i) {
    matrix f = {{(unsigned)(r + 2), (unsigned)(i % 11 + 1), (unsigned)(r * i % 13), (unsigned)(r + i) % 17}};
    return f;
}
static matrix product(int ranks, int i) {
    matrix p = factor(0, i), f;
    for (int r = 1; r < ranks; r++) {
        int one = 1;
        f = factor(r, i), multiply(&p, &f, &one, NULL), p = f;
    }
    return p;
}

static void ordered(void) {
    static matrix own[MAX * 5], got[MAX];
    MPI_Datatype type;
    MPI_Op op;
    MPI_Type_contiguous(4, MPI_UNSIGNED, &type), MPI_Type_commit(&type);
    MPI_Op_create(multiply, 0, &op);
    int root = np / 2;
    for (int i = 0; i < n; i++) own[i] = factor(me, i);
    MPI_Reduce(own, got, n, type, op, root, MPI_COMM_WORLD);
    for (int i = 0; i < n && me == root; i++) { matrix e = product(np, i); require(!memcmp(&got[i], &e, sizeof e)); }
    MPI_Allreduce(own, got, n, type, op, MPI_COMM_WORLD);
    for (int i = 0; i < n; i++) { matrix e = product(np, i); require(!memcmp(&got[i], &e, sizeof e)); }
    MPI_Scan(own, got, n, type, op, MPI_COMM_WORLD);
    for (int i = 0; i < n; i++) { matrix e = product(me + 1, i); require(!memcmp(&got[i], &e, sizeof e)); }
    MPI_Request request;
    memcpy(got, own, sizeof *got * (size_t)n);
    MPI_Iexscan(MPI_IN_PLACE, got, n, type, op, MPI_COMM_WORLD, &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    for (int i = 0; i < n && me > 0; i++) { matrix e = product(me, i); require(!memcmp(&got[i], &e, sizeof e)); }
    for (int i = 0; i < n * np; i++) own[i] = factor(me, i);
    MPI_Reduce_scatter_block(own, got, n, type, op, MPI_COMM_WORLD);
    for (int i = 0; i < n; i++) { matrix e = product(np, me * n + i); require(!memcmp(&got[i], &e, sizeof e)); }
    MPI_Op_free(&op), MPI_Type_free(&type);
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    static const int sizes[] = {1, 3, 100, MAX};
    for (int s = 0; s < 4; s++) {
        n = sizes[s];
        INTEGERS(int8_t, MPI_INT8_T); INTEGERS(uint8_t, MPI_UINT8_T); INTEGERS(int16_t, MPI_INT16_T);
        INTEGERS(uint16_t, MPI_UINT16_T); INTEGERS(int32_t, MPI_INT); INTEGERS(uint32_t, MPI_UNSIGNED);
        INTEGERS(int64_t, MPI_LONG); INTEGERS(uint64_t, MPI_UNSIGNED_LONG);
        FLOATS(float, MPI_FLOAT); FLOATS(double, MPI_DOUBLE); FLOATS(long double, MPI_LONG_DOUBLE);
        complex_numbers();
        pairs();
        ordered();
    }
    MPI_Finalize();
    if (me == 0) puts("done");
    return 0;
}
