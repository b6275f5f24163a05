/* A window on a communicator of a session, without MPI_Init.
 * @np 2 3 */
#include "windows.h"
int main(void) {
    MPI_Session session;
    MPI_Group group;
    MPI_Comm comm;
    MPI_Win win;
    int *base, unit, *theirs;
    MPI_Aint size;
    MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &session);
    MPI_Group_from_session_pset(session, "mpi://WORLD", &group);
    MPI_Comm_create_from_group(group, "windows", MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &comm);
    MPI_Group_free(&group);
    MPI_Comm_rank(comm, &me), MPI_Comm_size(comm, &np);
    int right = (me + 1) % np, left = (me + np - 1) % np, wrong = 0;
    for (int kind = 0; kind < 2; kind++) {
        if (kind == 0) MPI_Win_allocate_shared(400, 4, MPI_INFO_NULL, comm, &base, &win);
        else MPI_Win_allocate(400, 4, MPI_INFO_NULL, comm, &base, &win);
        for (int i = 0; i < 100; i++) base[i] = -1;
        MPI_Win_fence(0, win);
        MPI_Put(&me, 1, MPI_INT, right, 5, 1, MPI_INT, win);
        MPI_Win_fence(0, win);
        wrong += base[5] != left || base[4] != -1 || base[6] != -1;
        if (kind == 0) {
            MPI_Win_shared_query(win, right, &size, &unit, &theirs);
            wrong += size != 400 || theirs[5] != me;
        }
        MPI_Win_free(&win);
    }
    int all;
    MPI_Allreduce(&wrong, &all, 1, MPI_INT, MPI_SUM, comm);
    if (me == 0) printf("%d wrong\n", all);
    MPI_Comm_free(&comm);
    MPI_Session_finalize(&session);
    return all != 0;
}
