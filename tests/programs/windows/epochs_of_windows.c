/* Epochs of several windows at once: fence, locks and post/start interleave without touching each other, and one window goes
 * through all kinds of epoch.
 * @without-stock MPICH 4.0.2 takes many seconds where ranks outnumber cores
 * @np 2 4
 * @limit 60 */
#include "windows.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int right = (me + 1) % np, left = (me + np - 1) % np;
    for (int first = 0; first < KINDS; first++) {
        Window a = window_make((Kind)first, 256, 1, MPI_COMM_WORLD), b = window_make((Kind)((first + 1) % KINDS), 256, 1, MPI_COMM_WORLD),
               c = window_make((Kind)((first + 2) % KINDS), 256, 1, MPI_COMM_WORLD);
        MPI_Group world, from, to;
        MPI_Comm_group(MPI_COMM_WORLD, &world);
        MPI_Group_incl(world, 1, &left, &from), MPI_Group_incl(world, 1, &right, &to);
        for (int64_t i = 0; i < 20; i++) {
            int64_t value = me * 1000 + i, sum = 1;
            MPI_Win_fence(0, a.win);
            MPI_Win_post(from, 0, b.win);
            MPI_Win_lock(MPI_LOCK_SHARED, right, 0, c.win);
            MPI_Put(&value, 1, MPI_INT64_T, right, disp(&a, right, 0), 1, MPI_INT64_T, a.win);
            MPI_Win_start(to, 0, b.win);
            MPI_Put(&value, 1, MPI_INT64_T, right, disp(&b, right, 8), 1, MPI_INT64_T, b.win);
            MPI_Accumulate(&sum, 1, MPI_INT64_T, right, disp(&c, right, 16), 1, MPI_INT64_T, MPI_SUM, c.win);
            MPI_Win_complete(b.win);
            MPI_Win_unlock(right, c.win);
            MPI_Win_wait(b.win);
            require(((int64_t *)b.base)[1] == left * 1000 + i);
            MPI_Win_fence(0, a.win);
            require(((int64_t *)a.base)[0] == left * 1000 + i);
            require(((int64_t *)c.base)[2] == i + 1); /* the fence came after the unlock */
            MPI_Win_fence(MPI_MODE_NOSUCCEED, a.win);

            /* One window, one kind of epoch behind the other. */
            MPI_Win_lock_all(0, a.win);
            MPI_Put(&value, 1, MPI_INT64_T, right, disp(&a, right, 24), 1, MPI_INT64_T, a.win);
            MPI_Win_unlock_all(a.win);
            MPI_Win_post(from, 0, a.win), MPI_Win_start(to, 0, a.win);
            MPI_Put(&value, 1, MPI_INT64_T, right, disp(&a, right, 32), 1, MPI_INT64_T, a.win);
            MPI_Win_complete(a.win), MPI_Win_wait(a.win);
            MPI_Win_lock(MPI_LOCK_EXCLUSIVE, right, 0, a.win);
            MPI_Put(&value, 1, MPI_INT64_T, right, disp(&a, right, 40), 1, MPI_INT64_T, a.win);
            MPI_Win_unlock(right, a.win);
            MPI_Barrier(MPI_COMM_WORLD);
            for (int j = 3; j < 6; j++) require(((int64_t *)a.base)[j] == left * 1000 + i);
            MPI_Barrier(MPI_COMM_WORLD);
        }
        MPI_Group_free(&world), MPI_Group_free(&from), MPI_Group_free(&to);
        window_free(&b), window_free(&a), window_free(&c);
        passed(kind_names[first]);
    }
    MPI_Finalize();
    return 0;
}
