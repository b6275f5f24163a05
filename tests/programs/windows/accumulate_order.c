/* Accumulates of one origin to one place happen in the order issued (MPI-4.0 section 12.7.2), without a flush in between.
 * @np 2 4 */
#include "windows.h"
#define N 8
int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 1 << 16, 1, MPI_COMM_WORLD);
        for (int round = 0; round < 50; round++) {
            int target = round % np;
            MPI_Aint at = disp(&w, target, 64 * (me + 1)); /* a place of its own for each origin */
            int64_t values[7][N], old[5][N], replaced[N], last;
            for (int call = 0; call < 7; call++) for (int i = 0; i < N; i++) values[call][i] = round * 100 + call * 10 + i + me;
            MPI_Win_lock(MPI_LOCK_SHARED, target, 0, w.win);
            MPI_Accumulate(values[0], N, MPI_INT64_T, target, at, N, MPI_INT64_T, MPI_REPLACE, w.win);                                /* waw */
            MPI_Accumulate(values[1], N, MPI_INT64_T, target, at, N, MPI_INT64_T, MPI_REPLACE, w.win);
            MPI_Get_accumulate(NULL, 0, MPI_INT64_T, old[0], N, MPI_INT64_T, target, at, N, MPI_INT64_T, MPI_NO_OP, w.win);           /* raw */
            MPI_Get_accumulate(NULL, 0, MPI_INT64_T, old[1], N, MPI_INT64_T, target, at, N, MPI_INT64_T, MPI_NO_OP, w.win);           /* rar */
            MPI_Accumulate(values[2], N, MPI_INT64_T, target, at, N, MPI_INT64_T, MPI_SUM, w.win);                                    /* war */
            MPI_Get_accumulate(values[3], N, MPI_INT64_T, old[2], N, MPI_INT64_T, target, at, N, MPI_INT64_T, MPI_PROD, w.win);
            MPI_Get_accumulate(values[4], N, MPI_INT64_T, old[3], N, MPI_INT64_T, target, at, N, MPI_INT64_T, MPI_REPLACE, w.win);
            MPI_Fetch_and_op(&values[5][0], &replaced[0], MPI_INT64_T, target, at, MPI_SUM, w.win);
            MPI_Compare_and_swap(&values[6][0], &values[4][1], &last, MPI_INT64_T, target, at + 8, w.win);
            MPI_Get_accumulate(NULL, 0, MPI_INT64_T, old[4], N, MPI_INT64_T, target, at, N, MPI_INT64_T, MPI_NO_OP, w.win);
            MPI_Win_unlock(target, w.win);
            for (int i = 0; i < N; i++) {
                require(old[0][i] == values[1][i] && old[1][i] == values[1][i]);
                require(old[2][i] == values[1][i] + values[2][i]);
                require(old[3][i] == old[2][i] * values[3][i]);
                require(old[4][i] == (i == 0 ? values[4][0] + values[5][0] : i == 1 ? values[6][0] : values[4][i]));
            }
            require(replaced[0] == values[4][0] && last == values[4][1]);
        }
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
