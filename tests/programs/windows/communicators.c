/* Windows on all kinds of communicators: targets are ranks of the window's group, and two windows do not meet.
 * @without-stock MPICH 4.0.2 confuses several windows on neighbouring memory
 * @np 1 3 4 */
#include "windows.h"

static void check(const char *what, MPI_Comm comm) {
    if (comm != MPI_COMM_NULL) {
        int rank, size;
        MPI_Comm_rank(comm, &rank), MPI_Comm_size(comm, &size);
        for (Kind kind = 0; kind < KINDS; kind++) {
            Window w = window_make(kind, 8 * size, 8, comm), other = window_make(kind, 8 * size, 8, comm);
            int64_t key = 1000 * me + rank, wrong = -1;
            MPI_Win_lock_all(0, w.win), MPI_Win_lock_all(0, other.win);
            for (int target = 0; target < size; target++) {
                MPI_Put(&wrong, 1, MPI_INT64_T, target, disp(&other, target, 8 * rank), 1, MPI_INT64_T, other.win);
                MPI_Put(&key, 1, MPI_INT64_T, target, disp(&w, target, 8 * rank), 1, MPI_INT64_T, w.win);
            }
            MPI_Win_unlock_all(other.win), MPI_Win_unlock_all(w.win);
            MPI_Barrier(comm);
            MPI_Group world, group;
            MPI_Comm_group(MPI_COMM_WORLD, &world), MPI_Comm_group(comm, &group);
            for (int source = 0; source < size; source++) {
                int global;
                MPI_Group_translate_ranks(group, 1, &source, world, &global);
                require(((int64_t *)w.base)[source] == 1000 * global + source);
                require(((int64_t *)other.base)[source] == -1);
            }
            MPI_Group_free(&world), MPI_Group_free(&group);
            window_free(&w), window_free(&other);
        }
    }
    passed(what);
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Comm comm, parent;
    check("MPI_COMM_WORLD", MPI_COMM_WORLD);
    check("MPI_COMM_SELF", MPI_COMM_SELF);
    MPI_Comm_dup(MPI_COMM_WORLD, &parent);
    check("a duplicate", parent);
    MPI_Comm_split(parent, 0, -me, &comm);
    check("backwards", comm);
    MPI_Comm_free(&comm);
    MPI_Comm_split(parent, me % 2, 0, &comm);
    check("odd and even", comm);
    MPI_Comm_free(&comm);
    MPI_Comm_split(parent, me == 0 ? MPI_UNDEFINED : 1, -me, &comm);
    check("all but rank 0", comm);
    if (comm != MPI_COMM_NULL) MPI_Comm_free(&comm);
    MPI_Comm_split(parent, me, 0, &comm);
    check("one rank", comm);
    MPI_Comm_free(&comm);
    MPI_Comm_split_type(parent, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &comm);
    check("shared memory", comm);
    MPI_Comm_free(&comm);
    int period = 1;
    MPI_Cart_create(parent, 1, &np, &period, 0, &comm);
    check("a torus", comm);
    MPI_Comm_free(&comm);
    /* The communicator may go before the window. */
    MPI_Comm_dup(parent, &comm);
    MPI_Win win;
    int *memory, right = (me + 1) % np, left = (me + np - 1) % np;
    MPI_Win_allocate(4, 4, MPI_INFO_NULL, comm, &memory, &win);
    MPI_Comm_free(&comm);
    MPI_Win_fence(0, win);
    MPI_Put(&me, 1, MPI_INT, right, 0, 1, MPI_INT, win);
    MPI_Win_fence(0, win);
    require(*memory == left);
    MPI_Win_free(&win);
    MPI_Comm_free(&parent);
    passed("a communicator that is gone");
    MPI_Finalize();
    return 0;
}
