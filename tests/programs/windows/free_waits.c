/* MPI_Win_free returns when everybody has called it: what a late rank puts is there, and memory goes only then.
 * @without-stock MPICH 4.0.2 takes many seconds where ranks outnumber cores
 * @np 2 4
 * @limit 60 */
#include "windows.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (int i = 0; i < 20; i++) {
        int late = i % np, next = (late + 1) % np;
        int64_t memory[4] = {0}, *allocated, value = 55 + i, got = -1;
        MPI_Win created, win;
        MPI_Win_create(memory, sizeof memory, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &created);
        MPI_Win_allocate(1 << 20, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &allocated, &win);
        allocated[1000] = 99 + me;
        MPI_Barrier(MPI_COMM_WORLD);
        if (me == late) {
            usleep(3000);
            MPI_Win_lock(MPI_LOCK_SHARED, next, 0, win);
            MPI_Get(&got, 1, MPI_INT64_T, next, 1000, 1, MPI_INT64_T, win); /* that rank is in MPI_Win_free already */
            MPI_Win_unlock(next, win);
            require(got == 99 + next);
        }
        MPI_Win_free(&win);
        if (me == late) {
            usleep(3000);
            MPI_Win_lock(MPI_LOCK_EXCLUSIVE, next, 0, created);
            MPI_Put(&value, 1, MPI_INT64_T, next, 2, 1, MPI_INT64_T, created);
            MPI_Win_unlock(next, created);
        }
        MPI_Win_free(&created);
        require(memory[2] == (me == next ? 55 + i : 0));
    }
    passed("MPI_Win_free");
    MPI_Finalize();
    return 0;
}
