/* Data is put, then its receiver told: by a message after a flush, by a barrier, or by a flag in shared memory.
 * @without-stock MPICH 4.0.2 takes many seconds where ranks outnumber cores
 * @np 2 4
 * @limit 60 */
#include "windows.h"
#define BYTES 30000
static char out[BYTES], in[BYTES];
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int right = (me + 1) % np, left = (me + np - 1) % np, unit, number;
    MPI_Win flags;
    volatile int *flag, *theirs;
    MPI_Aint size;
    MPI_Win_allocate_shared(sizeof(int), 1, MPI_INFO_NULL, MPI_COMM_WORLD, (void *)&flag, &flags);
    MPI_Win_shared_query(flags, right, &size, &unit, (void *)&theirs);
    *flag = 0;
    MPI_Win_lock_all(MPI_MODE_NOCHECK, flags);
    MPI_Barrier(MPI_COMM_WORLD);
    int turn = 0;
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, BYTES, 1, MPI_COMM_WORLD);
        MPI_Win_lock_all(0, w.win);
        for (int i = 0; i < 40; i++) {
            int bytes = i % 4 == 3 ? BYTES : 1 + i * 13;
            turn++;
            fill(out, bytes, turn + me);
            MPI_Put(out, bytes, MPI_BYTE, right, disp(&w, right, 0), bytes, MPI_BYTE, w.win);
            MPI_Win_flush(right, w.win);
            if (i % 3 == 0) { /* told by a message */
                MPI_Request request;
                MPI_Isend(&turn, 1, MPI_INT, right, i, MPI_COMM_WORLD, &request);
                MPI_Recv(&number, 1, MPI_INT, left, i, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
                MPI_Wait(&request, MPI_STATUS_IGNORE);
                require(number == turn);
            } else if (i % 3 == 1) {
                __atomic_store_n(theirs, turn, __ATOMIC_RELEASE);
                while (__atomic_load_n(flag, __ATOMIC_ACQUIRE) != turn) MPI_Iprobe(MPI_ANY_SOURCE, 99, MPI_COMM_WORLD, &number, MPI_STATUS_IGNORE);
            } else MPI_Barrier(MPI_COMM_WORLD);
            MPI_Win_sync(w.win);
            require(is_filled(w.base, bytes, turn + left));
            /* It may be overwritten once the left neighbour knows; messages of the same size cross meanwhile. */
            MPI_Sendrecv(out, bytes, MPI_BYTE, right, 50, in, bytes, MPI_BYTE, left, 50, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            require(is_filled(in, bytes, turn + left));
            MPI_Barrier(MPI_COMM_WORLD);
        }
        MPI_Win_unlock_all(w.win);
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Win_unlock_all(flags);
    MPI_Win_free(&flags);
    MPI_Finalize();
    return 0;
}
