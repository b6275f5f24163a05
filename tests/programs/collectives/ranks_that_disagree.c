/* Ranks that do not agree on lengths, roots, types or operations: those that can see it get an error, nobody hangs, and no memory
 * beyond the given counts is touched. Afterwards the communicator works.
 * @np 2 3 4
 * @without-stock MPICH hangs or overwrites memory
 */
#include "../mpi/test.h"

#define ROOM 4000
static int in[ROOM + 8], out[ROOM + 8];

static int seen_by(int error) {
    int here = error != MPI_SUCCESS, any = 0;
    MPI_Allreduce(&here, &any, 1, MPI_INT, MPI_LOR, MPI_COMM_WORLD);
    return any;
}
static void blank(int room) {
    for (int i = 0; i < ROOM + 8; i++) out[i] = i, in[i] = i < room ? -1 : 4711;
}
static void untouched(int room) { for (int i = room; i < ROOM + 8; i++) require(in[i] == 4711); }

int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Comm comm;
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    MPI_Request request;
    for (int n = 4; n <= ROOM; n *= 10)
        for (int background = 0; background < 2; background++) {
#define WAIT(call, icall) (background ? (icall, MPI_Wait(&request, MPI_STATUS_IGNORE)) : (call))
            int less = n - 3, mine = me == 0 ? n : less, error;
            blank(mine);
            error = WAIT(MPI_Bcast(in, mine, MPI_INT, 0, comm), MPI_Ibcast(in, mine, MPI_INT, 0, comm, &request));
            if (me > 0) require(!strcmp(class_of(error), "truncate"));
            untouched(mine);
            blank(mine);
            error = WAIT(MPI_Allreduce(out, in, mine, MPI_INT, MPI_SUM, comm), MPI_Iallreduce(out, in, mine, MPI_INT, MPI_SUM, comm, &request));
            require(error != MPI_SUCCESS);
            untouched(mine);
            blank(n);
            error = WAIT(MPI_Allreduce(out, in, n, MPI_INT, me ? MPI_SUM : MPI_MAX, comm), MPI_Iallreduce(out, in, n, MPI_INT, me ? MPI_SUM : MPI_MAX, comm, &request));
            require(error != MPI_SUCCESS);
            error = WAIT(MPI_Allreduce(out, in, n, me ? MPI_INT : MPI_FLOAT, MPI_SUM, comm), MPI_Iallreduce(out, in, n, me ? MPI_INT : MPI_FLOAT, MPI_SUM, comm, &request));
            require(error != MPI_SUCCESS);
            error = WAIT(MPI_Bcast(in, n, MPI_INT, me == 0, comm), MPI_Ibcast(in, n, MPI_INT, me == 0, comm, &request));
            require(seen_by(error));
            blank(less / np * np);
            int s = n / np, r = less / np; /* blocks longer than the room for them */
            error = WAIT(MPI_Allgather(out, s, MPI_INT, in, r, MPI_INT, comm), MPI_Iallgather(out, s, MPI_INT, in, r, MPI_INT, comm, &request));
            require(s == r || !strcmp(class_of(error), "truncate"));
            untouched(less / np * np);
            error = WAIT(MPI_Alltoall(out, s, MPI_INT, in, r, MPI_INT, comm), MPI_Ialltoall(out, s, MPI_INT, in, r, MPI_INT, comm, &request));
            require(s == r || !strcmp(class_of(error), "truncate"));
            untouched(less / np * np);
            error = WAIT(MPI_Gather(out, s, MPI_INT, in, r, MPI_INT, 0, comm), MPI_Igather(out, s, MPI_INT, in, r, MPI_INT, 0, comm, &request));
            require(s == r || seen_by(error));
            untouched(less / np * np);
            error = WAIT(MPI_Scatter(out, s, MPI_INT, in, r, MPI_INT, 0, comm), MPI_Iscatter(out, s, MPI_INT, in, r, MPI_INT, 0, comm, &request));
            require(s == r || !strcmp(class_of(error), "truncate"));
            untouched(less / np * np);
            /* Another operation. */
            if (me == 0) error = WAIT(MPI_Allreduce(out, in, n, MPI_INT, MPI_SUM, comm), MPI_Iallreduce(out, in, n, MPI_INT, MPI_SUM, comm, &request));
            else error = WAIT(MPI_Allgather(out, 1, MPI_INT, in, 1, MPI_INT, comm), MPI_Iallgather(out, 1, MPI_INT, in, 1, MPI_INT, comm, &request));
            require(error != MPI_SUCCESS);
            if (me == 0) error = WAIT(MPI_Bcast(in, n, MPI_INT, 0, comm), MPI_Ibcast(in, n, MPI_INT, 0, comm, &request));
            else error = WAIT(MPI_Barrier(comm), MPI_Ibarrier(comm, &request));
            int sum = 0, one = 1;
            require(MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, comm) == MPI_SUCCESS && sum == np);
        }
    MPI_Comm_free(&comm);
    MPI_Finalize();
    if (me == 0) puts("done");
    return 0;
}
