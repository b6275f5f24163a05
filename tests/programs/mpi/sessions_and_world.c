/* A session beside MPI_Init, opened before it and closed after MPI_Finalize: the communicators of both carry messages.
 * @np 2 */
#include "test.h"
static int exchange(MPI_Comm comm, int value) {
    int rank, size, got;
    MPI_Comm_rank(comm, &rank), MPI_Comm_size(comm, &size);
    MPI_Sendrecv(&value, 1, MPI_INT, (rank + 1) % size, 0, &got, 1, MPI_INT, MPI_ANY_SOURCE, 0, comm, MPI_STATUS_IGNORE);
    return got;
}
int main(int argc, char **argv) {
    MPI_Session session;
    MPI_Group group;
    MPI_Comm comm;
    MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &session);
    MPI_Group_from_session_pset(session, "mpi://WORLD", &group);
    MPI_Comm_create_from_group(group, "ours", MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &comm);
    MPI_Comm_rank(comm, &me);
    require(exchange(comm, me) == 1 - me);
    begin(&argc, &argv);
    require(exchange(comm, me + 10) == 11 - me && exchange(MPI_COMM_WORLD, me + 20) == 21 - me && exchange(MPI_COMM_SELF, 5) == 5);
    int early = me + 30, got; /* on its way in one model while the other is used */
    MPI_Request r[2];
    MPI_Irecv(&got, 1, MPI_INT, 1 - me, 3, comm, &r[0]);
    require(exchange(MPI_COMM_WORLD, me + 40) == 41 - me);
    MPI_Issend(&early, 1, MPI_INT, 1 - me, 3, comm, &r[1]);
    MPI_Waitall(2, r, MPI_STATUSES_IGNORE);
    require(got == 31 - me);
    puts("both");
    MPI_Finalize();
    require(exchange(comm, me + 50) == 51 - me);
    puts("the session goes on");
    MPI_Comm_free(&comm), MPI_Group_free(&group);
    MPI_Session_finalize(&session);
    return 0;
}
