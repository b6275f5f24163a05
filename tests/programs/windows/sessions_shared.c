/* Windows of a program that never calls MPI_Init: shared memory of the ranks of a node, and put into one's neighbour.
 * @np 2 3
 * @without-stock the Put of a program without MPI_Init never arrives there, and with one rank it crashes */
#include "../mpi/test.h"
int main(void) {
    MPI_Session session;
    MPI_Group group;
    MPI_Comm comm, node;
    MPI_Win win;
    MPI_Aint bytes;
    int *mine, *theirs, unit, size;
    MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &session);
    MPI_Group_from_session_pset(session, "mpi://WORLD", &group);
    MPI_Comm_create_from_group(group, "windows", MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &comm);
    MPI_Group_free(&group);
    MPI_Comm_rank(comm, &me), MPI_Comm_size(comm, &np);
    MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_size(node, &size);
    require(size == np);

    MPI_Win_allocate_shared(sizeof *mine, sizeof *mine, MPI_INFO_NULL, node, &mine, &win);
    *mine = 100 + me;
    MPI_Win_fence(0, win);
    MPI_Win_shared_query(win, (me + 1) % np, &bytes, &unit, &theirs);
    MPI_Win_fence(0, win);
    require(bytes == sizeof *mine && *theirs == 100 + (me + 1) % np);
    MPI_Win_fence(0, win);
    MPI_Win_free(&win);

    int word = -1;
    MPI_Win_create(&word, sizeof word, sizeof word, MPI_INFO_NULL, comm, &win);
    MPI_Win_fence(0, win);
    MPI_Put(&me, 1, MPI_INT, (me + 1) % np, 0, 1, MPI_INT, win);
    MPI_Win_fence(0, win);
    require(word == (me + np - 1) % np);
    MPI_Win_free(&win);

    MPI_Comm_free(&node), MPI_Comm_free(&comm);
    MPI_Session_finalize(&session);
    printf("%d of %d\n", me, np);
    return 0;
}
