/* The session model without MPI_Init: messages on communicators made from groups, several sessions at a time.
 * (Stock 4.0.2 crashes in a session opened after the last one was finalized.)
 * @np 2 3 */
#include "test.h"
static void ring(MPI_Comm comm, const char *what) {
    static char out[100000], in[100000];
    MPI_Comm_rank(comm, &me), MPI_Comm_size(comm, &np);
    for (int bytes = 10; bytes <= 100000; bytes *= 100) {
        MPI_Request r[3];
        MPI_Status s[3];
        int right = (me + 1) % np, left = (me + np - 1) % np;
        fill(out, bytes, me);
        MPI_Irecv(in, bytes, MPI_BYTE, MPI_ANY_SOURCE, 1, comm, &r[0]);
        MPI_Ibarrier(comm, &r[2]); /* the library's */
        MPI_Isend(out, bytes, MPI_BYTE, right, 1, comm, &r[1]);
        MPI_Waitall(3, r, s);
        require(is_filled(in, bytes, left) && s[0].MPI_SOURCE == left);
    }
    printf("%s: %d of %d\n", what, me, np);
}
static MPI_Comm comm_of(MPI_Session session, const char *set, const char *tag) {
    MPI_Group group;
    MPI_Comm comm;
    MPI_Group_from_session_pset(session, set, &group);
    MPI_Comm_create_from_group(group, tag, MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &comm);
    MPI_Group_free(&group);
    return comm;
}
int main(void) {
    MPI_Session first, second;
    MPI_Comm world, other, self, copy, half;
    int flag, rank;
    MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &first);
    setvbuf(stdout, malloc(BUFSIZ), _IOLBF, BUFSIZ);
    alarm(100);
    world = comm_of(first, "mpi://WORLD", "one"), ring(world, "world");
    MPI_Session_init(MPI_INFO_NULL, MPI_ERRORS_ARE_FATAL, &second);
    other = comm_of(second, "mpi://WORLD", "two"), ring(other, "world of the second");
    self = comm_of(second, "mpi://SELF", "three"), ring(self, "self");
    MPI_Comm_rank(world, &rank);
    MPI_Comm_dup(world, &copy), ring(copy, "copy");
    MPI_Comm_split(other, rank % 2, -rank, &half), ring(half, "half");
    MPI_Comm_free(&other), MPI_Comm_free(&self), MPI_Comm_free(&half);
    MPI_Session_finalize(&second);
    ring(copy, "copy again");
    MPI_Request send;
    static char last[50000];
    MPI_Comm_rank(copy, &rank);
    fill(last, sizeof last, rank);
    MPI_Isend(last, sizeof last, MPI_BYTE, 0, 5, copy, &send);
    if (rank == 0) for (int i = 0; i < np; i++) {
        MPI_Status status;
        static char in[50000];
        MPI_Recv(in, sizeof in, MPI_BYTE, MPI_ANY_SOURCE, 5, copy, &status);
        require(is_filled(in, sizeof in, status.MPI_SOURCE));
    }
    MPI_Wait(&send, MPI_STATUS_IGNORE);
    MPI_Comm_free(&copy), MPI_Comm_free(&world);
    MPI_Session_finalize(&first);
    MPI_Initialized(&flag);
    printf("over, initialized %d\n", flag);
    return 0;
}
