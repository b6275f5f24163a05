/* Every call exists under MPI_ and PMPI_: a window made by one name is used and freed by the other.
 * @np 2 3 */
#include "windows.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int right = (me + 1) % np, left = (me + np - 1) % np, unit;
    int64_t *base, value = 7 + me, got = 0, old = 0, *theirs;
    MPI_Aint size;
    MPI_Win win;
    MPI_Request request;
    PMPI_Win_allocate_shared(64, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win);
    PMPI_Win_shared_query(win, right, &size, &unit, &theirs);
    require(size == 64 && unit == 8);
    for (int i = 0; i < 8; i++) base[i] = 0;
    MPI_Win_fence(0, win);
    PMPI_Put(&value, 1, MPI_INT64_T, right, 0, 1, MPI_INT64_T, win);
    PMPI_Win_fence(MPI_MODE_NOSUCCEED, win);
    require(base[0] == 7 + left);
    MPI_Barrier(MPI_COMM_WORLD);
    PMPI_Win_lock_all(0, win);
    MPI_Get(&got, 1, MPI_INT64_T, right, 0, 1, MPI_INT64_T, win);
    PMPI_Win_flush(right, win);
    require(got == 7 + me && theirs[0] == 7 + me);
    PMPI_Accumulate(&value, 1, MPI_INT64_T, right, 1, 1, MPI_INT64_T, MPI_SUM, win);
    PMPI_Fetch_and_op(&value, &old, MPI_INT64_T, right, 1, MPI_SUM, win);
    MPI_Win_flush_all(win);
    require(old == value);
    int64_t zero = 0, swapped = -1;
    PMPI_Compare_and_swap(&value, &zero, &swapped, MPI_INT64_T, right, 2, win);
    MPI_Win_flush(right, win);
    require(swapped == 0 && theirs[2] == value);
    PMPI_Rget(&got, 1, MPI_INT64_T, right, 1, 1, MPI_INT64_T, win, &request);
    PMPI_Wait(&request, MPI_STATUS_IGNORE);
    require(got == 2 * value);
    MPI_Win_unlock_all(win);
    PMPI_Win_free(&win);
    require(win == MPI_WIN_NULL);
    MPI_Win_allocate(64, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win);
    MPI_Win_set_name(win, "a"), PMPI_Win_set_errhandler(win, MPI_ERRORS_RETURN);
    PMPI_Win_lock(MPI_LOCK_EXCLUSIVE, right, 0, win);
    MPI_Put(&value, 1, MPI_INT64_T, right, 3, 1, MPI_INT64_T, win);
    PMPI_Win_unlock(right, win);
    require(PMPI_Win_unlock(right, win) != MPI_SUCCESS);
    MPI_Barrier(MPI_COMM_WORLD);
    require(base[3] == 7 + left);
    PMPI_Win_free(&win);
    passed("both names");
    MPI_Finalize();
    return 0;
}
