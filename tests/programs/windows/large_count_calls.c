/* The functions with counts of MPI_Count, and displacement units of MPI_Aint.
 * @np 1 2 */
#include "windows.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int right = (me + 1) % np, left = (me + np - 1) % np;
    const MPI_Count n = 500;
    int64_t a[500], b[500], c[500], *base;
    static int64_t fixed[2000];
    for (int kind = 0; kind < 3; kind++) {
        MPI_Win win;
        if (kind == 0) MPI_Win_create_c(base = fixed, sizeof fixed, (MPI_Aint)8, MPI_INFO_NULL, MPI_COMM_WORLD, &win);
        if (kind == 1) MPI_Win_allocate_c(sizeof fixed, (MPI_Aint)8, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win);
        if (kind == 2) {
            MPI_Win_allocate_shared_c(sizeof fixed, (MPI_Aint)8, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win);
            MPI_Aint size, unit;
            int64_t *own;
            MPI_Win_shared_query_c(win, me, &size, &unit, &own);
            require(size == sizeof fixed && unit == 8 && own == base);
        }
        for (int i = 0; i < 2000; i++) base[i] = me * 10000 + i;
        for (int i = 0; i < n; i++) a[i] = me + i, b[i] = c[i] = -1;
        MPI_Win_fence(0, win);
        MPI_Put_c(a, n, MPI_INT64_T, right, 0, n, MPI_INT64_T, win);
        MPI_Get_c(b, n, MPI_INT64_T, right, 500, n, MPI_INT64_T, win);
        MPI_Accumulate_c(a, n, MPI_INT64_T, right, 1000, n, MPI_INT64_T, MPI_SUM, win);
        MPI_Get_accumulate_c(a, n, MPI_INT64_T, c, n, MPI_INT64_T, right, 1500, n, MPI_INT64_T, MPI_REPLACE, win);
        MPI_Win_fence(0, win);
        for (int i = 0; i < n; i++) {
            require(base[i] == left + i && b[i] == right * 10000 + 500 + i && c[i] == right * 10000 + 1500 + i);
            require(base[1000 + i] == me * 10000 + 1000 + i + left + i && base[1500 + i] == left + i);
        }
        MPI_Barrier(MPI_COMM_WORLD);
        MPI_Win_lock_all(0, win);
        MPI_Request requests[4];
        MPI_Status statuses[4];
        for (int i = 0; i < n; i++) a[i] = me * 3 + i;
        MPI_Rput_c(a, n, MPI_INT64_T, right, 0, n, MPI_INT64_T, win, &requests[0]);
        MPI_Rget_c(b, n, MPI_INT64_T, right, 500, n, MPI_INT64_T, win, &requests[1]);
        MPI_Raccumulate_c(a, n, MPI_INT64_T, right, 1000, n, MPI_INT64_T, MPI_REPLACE, win, &requests[2]);
        MPI_Rget_accumulate_c(a, n, MPI_INT64_T, c, n, MPI_INT64_T, right, 1500, n, MPI_INT64_T, MPI_SUM, win, &requests[3]);
        MPI_Waitall(4, requests, statuses);
        MPI_Win_unlock_all(win);
        MPI_Barrier(MPI_COMM_WORLD);
        for (int i = 0; i < n; i++) {
            require(base[i] == left * 3 + i && base[1000 + i] == left * 3 + i && c[i] == me + i);
            require(base[1500 + i] == left + i + left * 3 + i);
        }
        MPI_Win_free(&win);
    }
    passed("large counts");
    MPI_Finalize();
    return 0;
}
