/* Calls at the wrong time: the error class, that the window's handler is called, and that the window works afterwards.
 * @np 2 */
#include "window_errors.h"
int main(int argc, char **argv) {
    begin_errors(&argc, &argv);
    int32_t a[4] = {1, 2, 3, 4}, b[4];
    int right = (me + 1) % np, left = (me + np - 1) % np, flag;
    MPI_Request request;
    MPI_Group world, to, from;
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Group_incl(world, 1, &right, &to), MPI_Group_incl(world, 1, &left, &from);
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 64, 1, MPI_COMM_WORLD);
        MPI_Win win = w.win;
        MPI_Aint at = disp(&w, right, 0);
        handle_errors_of(win);
        if (me == 0) printf("%s: no epoch\n", kind_names[kind]);
        try(MPI_Put(a, 1, MPI_INT, right, at, 1, MPI_INT, win));
        try(MPI_Get(b, 1, MPI_INT, right, at, 1, MPI_INT, win));
        try(MPI_Accumulate(a, 1, MPI_INT, right, at, 1, MPI_INT, MPI_SUM, win));
        try(MPI_Get_accumulate(a, 1, MPI_INT, b, 1, MPI_INT, right, at, 1, MPI_INT, MPI_SUM, win));
        try(MPI_Fetch_and_op(a, b, MPI_INT, right, at, MPI_SUM, win));
        try(MPI_Compare_and_swap(a, a, b, MPI_INT, right, at, win));
        try(MPI_Rput(a, 1, MPI_INT, right, at, 1, MPI_INT, win, &request));
        try(MPI_Put(a, 1, MPI_INT, MPI_PROC_NULL, 0, 1, MPI_INT, win));
        try(MPI_Win_unlock(right, win));
        try(MPI_Win_unlock_all(win));
        try(MPI_Win_flush(right, win));
        try(MPI_Win_flush_all(win));
        try(MPI_Win_flush_local(right, win));
        try(MPI_Win_flush_local_all(win));
        try(MPI_Win_complete(win));
        try(MPI_Win_wait(win));
        try(MPI_Win_test(win, &flag));
        try(MPI_Win_sync(win));
        try(MPI_Win_lock(77, right, 0, win));
        try(MPI_Win_lock(MPI_LOCK_SHARED, np, 0, win));
        try(MPI_Win_lock(MPI_LOCK_SHARED, -9, 0, win));
        try(MPI_Win_lock(MPI_LOCK_SHARED, right, 12345, win));
        try(MPI_Win_lock_all(12345, win));
        try(MPI_Win_post(MPI_GROUP_NULL, 0, win));
        try(MPI_Win_start(MPI_GROUP_NULL, 0, win));
        try(MPI_Win_fence(12345, win));
        MPI_Barrier(MPI_COMM_WORLD);
        window_free(&w);

        w = window_make(kind, 64, 1, MPI_COMM_WORLD), win = w.win, at = disp(&w, right, 0);
        handle_errors_of(win);
        if (me == 0) printf("%s: one target locked\n", kind_names[kind]);
        MPI_Win_lock(MPI_LOCK_SHARED, right, 0, win);
        try(MPI_Win_lock(MPI_LOCK_SHARED, right, 0, win));
        try(MPI_Win_lock_all(0, win));
        try(MPI_Win_unlock_all(win));
        try(MPI_Win_start(to, 0, win));
        try(MPI_Win_complete(win));
        try(MPI_Win_fence(0, win));
        try(MPI_Win_unlock(np, win));
        try(MPI_Put(a, 1, MPI_INT, right, at, 1, MPI_INT, win));
        try(MPI_Win_unlock(right, win));
        try(MPI_Win_unlock(right, win));
        MPI_Barrier(MPI_COMM_WORLD);

        if (me == 0) printf("%s: all locked\n", kind_names[kind]);
        MPI_Win_lock_all(0, win);
        try(MPI_Win_lock_all(0, win));
        try(MPI_Win_lock(MPI_LOCK_SHARED, right, 0, win));
        try(MPI_Win_unlock(right, win));
        try(MPI_Win_flush(np, win));
        try(MPI_Win_start(to, 0, win));
        try(MPI_Win_fence(0, win));
        MPI_Win_unlock_all(win);
        MPI_Barrier(MPI_COMM_WORLD);

        if (me == 0) printf("%s: started\n", kind_names[kind]);
        MPI_Win_post(from, 0, win);
        MPI_Win_start(to, 0, win);
        try(MPI_Win_start(to, 0, win));
        try(MPI_Win_post(from, 0, win));
        try(MPI_Win_lock(MPI_LOCK_SHARED, right, 0, win));
        try(MPI_Win_lock_all(0, win));
        try(MPI_Win_flush(right, win));
        try(MPI_Win_fence(0, win));
        try(MPI_Put(a, 1, MPI_INT, right, at, 1, MPI_INT, win));
        MPI_Win_complete(win);
        try(MPI_Win_complete(win));
        MPI_Win_wait(win);
        try(MPI_Win_wait(win));
        require(*(int32_t *)w.base == 1);
        MPI_Barrier(MPI_COMM_WORLD);

        if (me == 0) printf("%s: between fences\n", kind_names[kind]);
        MPI_Win_fence(0, win);
        try(MPI_Win_flush(right, win));
        try(MPI_Win_unlock(right, win));
        try(MPI_Win_complete(win));
        a[0] = 5;
        try(MPI_Put(a, 1, MPI_INT, right, at, 1, MPI_INT, win));
        try(MPI_Win_lock(MPI_LOCK_SHARED, right, 0, win));
        MPI_Win_fence(0, win);
        require(*(int32_t *)w.base == 5);
        a[0] = 1;
        MPI_Win_fence(MPI_MODE_NOSUCCEED, win);
        window_free(&w);

        /* With a predefined handler: MPICH 4.0.2 loses one of the program's when MPI_Win_free fails. */
        for (int epoch = 0; epoch < 3; epoch++) {
            w = window_make(kind, 64, 1, MPI_COMM_WORLD), win = w.win;
            MPI_Win_set_errhandler(win, MPI_ERRORS_RETURN);
            if (me == 0) printf("%s: freed in epoch %d\n", kind_names[kind], epoch);
            if (epoch == 0) MPI_Win_lock(MPI_LOCK_SHARED, right, 0, win);
            if (epoch == 1) MPI_Win_lock_all(0, win);
            if (epoch == 2) MPI_Win_post(from, 0, win), MPI_Win_start(to, 0, win);
            try(MPI_Win_free(&win));
            require(win == w.win);
            if (epoch == 0) MPI_Win_unlock(right, win);
            if (epoch == 1) MPI_Win_unlock_all(win);
            if (epoch == 2) MPI_Win_complete(win), MPI_Win_wait(win);
            window_free(&w);
        }
    }
    MPI_Group_free(&world), MPI_Group_free(&to), MPI_Group_free(&from);
    MPI_Finalize();
    return 0;
}
