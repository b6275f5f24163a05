/* Several ranks accumulate at once into the same elements: short and long, unaligned, floating point, 16 bytes and pairs, by
 * contiguous and by strided types; each element is updated as a whole and no update is lost.
 * @without-stock MPICH 4.0.2 loses updates of MPI_BOR when four ranks contend
 * @np 2 4
 * @limit 60 */
#include "windows.h"
#include <complex.h>
#define ROUNDS 60
#define LONG 3000
typedef struct { double value; int index; } DoubleInt;

static void everybody_is_through(Window *w) {
    MPI_Win_flush_all(w->win);
    MPI_Barrier(MPI_COMM_WORLD);
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 1 << 16, 1, MPI_COMM_WORLD);
        int all = np * (np + 1) / 2 * ROUNDS, owner = 0; /* the sum of ranks + 1, that many times */
        static int32_t ints[LONG];
        static double doubles[LONG];
        MPI_Win_lock_all(0, w.win);

        for (int i = 0; i < LONG; i++) ints[i] = me + 1, doubles[i] = me + 1;
        for (int i = 0; i < ROUNDS; i++) MPI_Accumulate(ints, LONG, MPI_INT, owner, disp(&w, owner, 0), LONG, MPI_INT, MPI_SUM, w.win);
        everybody_is_through(&w);
        if (me == owner) for (int i = 0; i < LONG; i++) require(((int32_t *)w.base)[i] == all);
        everybody_is_through(&w);

        /* Doubles on odd addresses, by different types at the same elements. */
        MPI_Datatype every_second;
        MPI_Type_vector(LONG / 2, 1, 2, MPI_DOUBLE, &every_second);
        MPI_Type_commit(&every_second);
        if (me == owner) memset(w.base, 0, 1 << 16);
        everybody_is_through(&w);
        for (int i = 0; i < ROUNDS; i++) {
            MPI_Accumulate(doubles, LONG / 2, MPI_DOUBLE, owner, disp(&w, owner, 3), 1, every_second, MPI_SUM, w.win);
            MPI_Accumulate(doubles, LONG, MPI_DOUBLE, owner, disp(&w, owner, 3), LONG, MPI_DOUBLE, MPI_SUM, w.win);
        }
        everybody_is_through(&w);
        if (me == owner)
            for (int i = 0; i < LONG; i++) {
                double found;
                memcpy(&found, w.base + 3 + 8 * i, 8);
                require(found == all * (i % 2 ? 1 : 2));
            }
        MPI_Type_free(&every_second);
        everybody_is_through(&w);

        /* 16 bytes: complex numbers, whose parts stay together, and pairs. */
        if (me == owner) memset(w.base, 0, 4096);
        everybody_is_through(&w);
        double complex number = me + 1 + (me + 1) * 2 * I, before;
        DoubleInt pair, old;
        for (int i = 0; i < ROUNDS; i++) {
            MPI_Get_accumulate(&number, 1, MPI_C_DOUBLE_COMPLEX, &before, 1, MPI_C_DOUBLE_COMPLEX, owner, disp(&w, owner, 0), 1,
                               MPI_C_DOUBLE_COMPLEX, MPI_SUM, w.win);
            pair = (DoubleInt){i * np + (i * 7 + me) % np, i * np + (i * 7 + me) % np + 1000};
            MPI_Fetch_and_op(&pair, &old, MPI_DOUBLE_INT, owner, disp(&w, owner, 64), MPI_MAXLOC, w.win);
            MPI_Win_flush(owner, w.win);
            require(cimag(before) == 2 * creal(before)); /* never half of an update */
            require(old.index == 0 || old.index == (int)old.value + 1000);
        }
        everybody_is_through(&w);
        if (me == owner) {
            require(*(double complex *)w.base == all + 2 * all * I);
            require(((DoubleInt *)(w.base + 64))->value == np * ROUNDS - 1 && ((DoubleInt *)(w.base + 64))->index == np * ROUNDS + 999);
        }
        everybody_is_through(&w);

        /* Bits, least and largest, products; each rank its own part of the truth. */
        if (me == owner) ((uint32_t *)w.base)[0] = 0, ((int32_t *)w.base)[1] = 1 << 30, ((int32_t *)w.base)[2] = 0, ((uint32_t *)w.base)[3] = 1;
        everybody_is_through(&w);
        for (int i = 0; i < ROUNDS; i++) {
            uint32_t bit = 1u << (i % 8 * 4 + me % 4), three = 3;
            int32_t low = 5000 - i * np - me, high = i * np + me;
            MPI_Accumulate(&bit, 1, MPI_UINT32_T, owner, disp(&w, owner, 0), 1, MPI_UINT32_T, MPI_BOR, w.win);
            MPI_Accumulate(&low, 1, MPI_INT32_T, owner, disp(&w, owner, 4), 1, MPI_INT32_T, MPI_MIN, w.win);
            MPI_Accumulate(&high, 1, MPI_INT32_T, owner, disp(&w, owner, 8), 1, MPI_INT32_T, MPI_MAX, w.win);
            MPI_Accumulate(&three, 1, MPI_UINT32_T, owner, disp(&w, owner, 12), 1, MPI_UINT32_T, MPI_PROD, w.win);
        }
        everybody_is_through(&w);
        if (me == owner) {
            uint32_t bits = 0, product = 1;
            for (int i = 0; i < 8; i++) for (int rank = 0; rank < np; rank++) bits |= 1u << (i * 4 + rank % 4);
            for (int i = 0; i < ROUNDS * np; i++) product *= 3;
            require(((uint32_t *)w.base)[0] == bits && ((uint32_t *)w.base)[3] == product);
            require(((int32_t *)w.base)[1] == 5000 - ROUNDS * np + 1 && ((int32_t *)w.base)[2] == ROUNDS * np - 1);
        }
        MPI_Win_unlock_all(w.win);
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
