/* More non-blocking operations under way than a rank has seats, completed in any order, mixed with blocking ones and messages; a
 * communicator that is freed meanwhile; duplicates made meanwhile; requests asked, freed and started again.
 * @np 1 2 3 5
 * @without-stock checks all it says; persistent collectives of MPICH 4.0.2 fail
 */
#include "../mpi/test.h"

#define MANY 40
#define LONG 30000

static void many(MPI_Comm comm) {
    static int in[MANY][LONG], out[MANY][LONG];
    MPI_Request requests[MANY];
    for (int way = 0; way < 4; way++) {
        for (int i = 0; i < MANY; i++) {
            int n = i % 3 ? LONG : 5;
            for (int k = 0; k < n; k++) out[i][k] = me + i * k, in[i][k] = -1;
            switch (i % 5) {
                case 0: MPI_Iallreduce(out[i], in[i], n, MPI_INT, MPI_SUM, comm, &requests[i]); break;
                case 1: MPI_Ibcast(me == i % np ? out[i] : in[i], n, MPI_INT, i % np, comm, &requests[i]); break;
                case 2: MPI_Ireduce(out[i], in[i], n, MPI_INT, MPI_MAX, i % np, comm, &requests[i]); break;
                case 3: MPI_Iscan(out[i], in[i], n, MPI_INT, MPI_SUM, comm, &requests[i]); break;
                case 4: MPI_Ibarrier(comm, &requests[i]);
            }
            if (i % 11 == 7) MPI_Barrier(comm); /* behind others that are under way */
            if (i % 13 == 6) {
                int from = -1;
                MPI_Sendrecv(&i, 1, MPI_INT, (me + 1) % np, 3, &from, 1, MPI_INT, (me + np - 1) % np, 3, comm, MPI_STATUS_IGNORE);
                require(from == i);
            }
        }
        MPI_Status status;
        if (way == 0) MPI_Waitall(MANY, requests, MPI_STATUSES_IGNORE);
        else if (way == 1) for (int i = MANY; i-- > 0; ) MPI_Wait(&requests[i], &status);
        else if (way == 2) for (int i, k = 0; k < MANY; k++) MPI_Waitany(MANY, requests, &i, &status), require(i >= 0);
        else for (int i = 0; i < MANY; i++) {
            int flag = 0;
            while (!flag) MPI_Request_get_status(requests[i], &flag, &status);
            MPI_Test(&requests[i], &flag, &status);
            require(flag);
        }
        for (int i = 0; i < MANY; i++) {
            require(requests[i] == MPI_REQUEST_NULL);
            for (int k = 0; k < (i % 3 ? LONG : 5); k++) {
                int sum = np * i * k + np * (np - 1) / 2, prefix = (me + 1) * i * k + me * (me + 1) / 2;
                if (i % 5 == 0) require(in[i][k] == sum);
                if (i % 5 == 1 && me != i % np) require(in[i][k] == i % np + i * k);
                if (i % 5 == 2 && me == i % np) require(in[i][k] == np - 1 + i * k);
                if (i % 5 == 3) require(in[i][k] == prefix);
            }
        }
    }
}

static void multiply(void *in, void *inout, int *count, MPI_Datatype *type) {
    MPI_Aint lb, extent;
    MPI_Type_get_extent(*type, &lb, &extent);
    for (int i = 0; i < *count; i++) *(int *)((char *)inout + i * extent) *= *(int *)((char *)in + i * extent);
}

/* An operation and a datatype are freed while they are needed. */
static void freed_early(void) {
    for (int round = 0; round < 20; round++) {
        MPI_Op op;
        MPI_Datatype type;
        MPI_Request request;
        int in[600], out[600], n = round % 2 ? 300 : 3, product = 1;
        MPI_Op_create(multiply, 0, &op), MPI_Type_create_resized(MPI_INT, 0, 8, &type), MPI_Type_commit(&type);
        for (int i = 0; i < 600; i++) in[i] = 1 + (me + i) % 3, out[i] = -1;
        if (me == round % np) usleep(2000);
        MPI_Iallreduce(in, out, n, type, op, MPI_COMM_WORLD, &request);
        MPI_Op_free(&op), MPI_Type_free(&type);
        require(op == MPI_OP_NULL && type == MPI_DATATYPE_NULL);
        MPI_Op_create(multiply, 1, &op), MPI_Type_contiguous(7, MPI_INT, &type), MPI_Type_commit(&type);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        for (int i = 0; i < 2 * n; i += 2) {
            product = 1;
            for (int r = 0; r < np; r++) product *= 1 + (r + i) % 3;
            require(out[i] == product && out[i + 1] == -1);
        }
        MPI_Op_free(&op), MPI_Type_free(&type);
    }
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    many(MPI_COMM_WORLD);
    MPI_Comm copy, later;
    MPI_Request request, made;
    int one = 1, sum = 0;
    for (int round = 0; round < 30; round++) {
        MPI_Comm_dup(MPI_COMM_WORLD, &copy);
        MPI_Iallreduce(&one, &sum, 1, MPI_INT, MPI_SUM, copy, &request);
        MPI_Comm_idup(copy, &later, &made);
        MPI_Comm_free(&copy); /* what is under way goes on */
        require(copy == MPI_COMM_NULL);
        MPI_Wait(&made, MPI_STATUS_IGNORE);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        require(sum == np);
        sum = 0;
        MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, later);
        require(sum == np);
        MPI_Comm_free(&later);
    }
    many(MPI_COMM_WORLD);
    freed_early();
    /* Persistent: several of one communicator, started in the same order everywhere. */
    MPI_Request again[3];
    int a = me, b[8] = {0}, c = 0;
    MPI_Bcast_init(&a, 1, MPI_INT, np - 1, MPI_COMM_WORLD, MPI_INFO_NULL, &again[0]);
    MPI_Allgather_init(&me, 1, MPI_INT, b, 1, MPI_INT, MPI_COMM_WORLD, MPI_INFO_NULL, &again[1]);
    MPI_Allreduce_init(&me, &c, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD, MPI_INFO_NULL, &again[2]);
    for (int round = 0; round < 20; round++) {
        a = me, c = -1;
        MPI_Startall(3, again);
        MPI_Waitall(3, again, MPI_STATUSES_IGNORE);
        require(a == np - 1 && b[np - 1] == np - 1 && c == np * (np - 1) / 2);
        int flag = 0;
        MPI_Test(&again[0], &flag, MPI_STATUS_IGNORE); /* inactive */
        require(flag && again[0] != MPI_REQUEST_NULL);
    }
    for (int i = 0; i < 3; i++) MPI_Request_free(&again[i]), require(again[i] == MPI_REQUEST_NULL);
    MPI_Finalize();
    if (me == 0) puts("done");
    return 0;
}
