/* Fences with and without assertions separate phases: all to all by put, by get and by accumulate, and loads and stores.
 * @without-stock MPICH 4.0.2 takes many seconds where ranks outnumber cores
 * @np 1 2 4
 * @limit 60 */
#include "windows.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 8 * 3 * np, 1, MPI_COMM_WORLD);
        int64_t *mine = (int64_t *)w.base, *values = malloc(sizeof(int64_t) * (size_t)(2 * np));
        for (int i = 0; i < 30; i++) {
            int hints = i % 2;
            for (int rank = 0; rank < np; rank++) mine[np + rank] = me * 100 + rank + i, mine[2 * np + rank] = i;
            MPI_Win_fence(hints ? MPI_MODE_NOPRECEDE : 0, w.win);
            for (int rank = 0; rank < np; rank++) {
                values[rank] = me * 10000 + rank * 100 + i;
                MPI_Put(&values[rank], 1, MPI_INT64_T, rank, disp(&w, rank, 8 * me), 1, MPI_INT64_T, w.win);
                MPI_Get(&values[np + rank], 1, MPI_INT64_T, rank, disp(&w, rank, 8 * (np + me)), 1, MPI_INT64_T, w.win);
            }
            MPI_Win_fence(hints ? MPI_MODE_NOSTORE : 0, w.win);
            for (int rank = 0; rank < np; rank++) {
                require(mine[rank] == rank * 10000 + me * 100 + i);
                require(values[np + rank] == rank * 100 + me + i);
                for (int other = 0; other < np; other++) /* everybody adds to everything of everybody */
                    MPI_Accumulate(&values[rank], 1, MPI_INT64_T, rank, disp(&w, rank, 8 * (2 * np + other)), 1, MPI_INT64_T, MPI_SUM, w.win);
            }
            MPI_Win_fence(hints ? MPI_MODE_NOSUCCEED : 0, w.win);
            int64_t sum = i;
            for (int rank = 0; rank < np; rank++) sum += rank * 10000 + me * 100 + i;
            for (int other = 0; other < np; other++) require(mine[2 * np + other] == sum);
            MPI_Barrier(MPI_COMM_WORLD);
        }
        free(values);
        for (int i = 0; i < 100; i++) MPI_Win_fence(0, w.win);
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
