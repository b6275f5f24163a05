/* Operations on MPI_PROC_NULL and with no elements change nothing, return at once, and their requests complete.
 * @np 1 2 */
#include "windows.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 256, 1, MPI_COMM_WORLD);
        int64_t a[4] = {1, 2, 3, 4}, b[4] = {5, 6, 7, 8};
        MPI_Datatype empty;
        MPI_Type_contiguous(0, MPI_INT64_T, &empty);
        MPI_Type_commit(&empty);
        MPI_Win_lock_all(0, w.win);
        for (int target = MPI_PROC_NULL; target < np; target++) {
            int none = target == MPI_PROC_NULL, count = none ? 2 : 0; /* elements matter to nobody there */
            MPI_Aint at = none ? 123456 : disp(&w, target, 0);
            MPI_Request requests[4];
            MPI_Status statuses[4];
            MPI_Put(a, count, MPI_INT64_T, target, at, count, MPI_INT64_T, w.win);
            MPI_Get(b, count, MPI_INT64_T, target, at, count, MPI_INT64_T, w.win);
            MPI_Accumulate(a, count, MPI_INT64_T, target, at, count, MPI_INT64_T, MPI_SUM, w.win);
            MPI_Get_accumulate(a, count, MPI_INT64_T, b, count, MPI_INT64_T, target, at, count, MPI_INT64_T, MPI_SUM, w.win);
            if (none) {
                MPI_Fetch_and_op(a, b, MPI_INT64_T, target, at, MPI_SUM, w.win);
                MPI_Compare_and_swap(a, a, b, MPI_INT64_T, target, at, w.win);
            }
            MPI_Rput(a, count, MPI_INT64_T, target, at, count, MPI_INT64_T, w.win, &requests[0]);
            MPI_Rget(b, count, MPI_INT64_T, target, at, count, MPI_INT64_T, w.win, &requests[1]);
            MPI_Raccumulate(a, count, MPI_INT64_T, target, at, count, MPI_INT64_T, MPI_SUM, w.win, &requests[2]);
            MPI_Rget_accumulate(a, count, MPI_INT64_T, b, count, MPI_INT64_T, target, at, count, MPI_INT64_T, MPI_SUM, w.win, &requests[3]);
            MPI_Waitall(4, requests, statuses);
            for (int i = 0; i < 4; i++) require(requests[i] == MPI_REQUEST_NULL);
            MPI_Put(a, 3, empty, target, at, 3, empty, w.win); /* a datatype without data */
            MPI_Get(b, 3, empty, target, at, 0, MPI_BYTE, w.win);
            if (!none) MPI_Win_flush(target, w.win), MPI_Win_flush_local(target, w.win);
        }
        MPI_Win_unlock_all(w.win);
        for (int i = 0; i < 4; i++) require(a[i] == i + 1 && b[i] == i + 5);
        for (int i = 0; i < 256; i++) require(w.base[i] == 0);
        MPI_Type_free(&empty);
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
