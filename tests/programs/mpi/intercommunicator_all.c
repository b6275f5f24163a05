/* Intercommunicators, which are the library's: every form of send and completion, wildcards, cancelling, errors, and their
 * requests among the shim's in one array.
 * @np 2 4 */
#include "test.h"
static MPI_Comm inter;
static int rank, remote;

static void modes(void) {
    static char out[70000], in[70000], space[200000];
    MPI_Request r[4];
    MPI_Status s[4];
    MPI_Buffer_attach(space, sizeof space);
    for (int bytes = 1; bytes <= 70000; bytes *= 257) {
        fill(out, bytes, me);
        for (int mode = 0; mode < 4; mode++) {
            memset(in, 0, sizeof in);
            MPI_Irecv(in, bytes, MPI_BYTE, rank, mode, inter, &r[0]);
            MPI_Sendrecv(NULL, 0, MPI_BYTE, rank, 99, NULL, 0, MPI_BYTE, rank, 99, inter, MPI_STATUS_IGNORE); /* posted */
            if (mode == 0) MPI_Isend(out, bytes, MPI_BYTE, rank, mode, inter, &r[1]);
            if (mode == 1) MPI_Issend(out, bytes, MPI_BYTE, rank, mode, inter, &r[1]);
            if (mode == 2) MPI_Ibsend(out, bytes, MPI_BYTE, rank, mode, inter, &r[1]);
            if (mode == 3) MPI_Irsend(out, bytes, MPI_BYTE, rank, mode, inter, &r[1]);
            MPI_Irecv(NULL, 0, MPI_BYTE, MPI_ANY_SOURCE, 7, MPI_COMM_WORLD, &r[2]);
            MPI_Issend(NULL, 0, MPI_BYTE, (me + 1) % np, 7, MPI_COMM_WORLD, &r[3]);
            int done = 0, some, indices[4], index, flag = 0;
            if (mode == 0) MPI_Waitall(4, r, s);
            if (mode == 1) while (!flag) MPI_Testall(4, r, &flag, s);
            if (mode == 2) for (; done < 4; done++) MPI_Waitany(4, r, &index, s), require(index >= 0 && index < 4);
            if (mode == 3) for (; done < 4; done += some) MPI_Waitsome(4, r, &some, indices, s), require(some > 0);
            require(is_filled(in, bytes, (me + np / 2) % np));
            if (mode < 2) require(s[0].MPI_SOURCE == rank && s[0].MPI_TAG == mode && s[2].MPI_SOURCE == (me + np - 1) % np);
        }
    }
    void *old;
    int size;
    MPI_Buffer_detach(&old, &size);
}

static void any_source(void) { /* everybody of one side to everybody of the other */
    int got[64], seen = 0;
    MPI_Request r[64];
    for (int i = 0; i < remote; i++) MPI_Isend(&me, 1, MPI_INT, i, 20, inter, &r[i]);
    for (int i = 0; i < remote; i++) {
        MPI_Status status, probed;
        MPI_Message message;
        if (i % 2) MPI_Recv(&got[i], 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, inter, &status);
        else {
            int flag = 0;
            while (!flag) MPI_Improbe(MPI_ANY_SOURCE, 20, inter, &flag, &message, &probed);
            MPI_Mrecv(&got[i], 1, MPI_INT, &message, &status);
            require(status.MPI_SOURCE == probed.MPI_SOURCE);
        }
        require(got[i] == status.MPI_SOURCE + (me < np / 2 ? np / 2 : 0));
        seen += got[i];
    }
    MPI_Waitall(remote, r, MPI_STATUSES_IGNORE);
    MPI_Barrier(inter);
    printf("rank %d heard from %d\n", me, seen);
}

static void others(void) {
    int value = me, other = -1, flag, code, class;
    MPI_Request r[2], both;
    MPI_Status status;
    MPI_Irecv(&other, 1, MPI_INT, rank, 30, inter, &r[0]);
    MPI_Cancel(&r[0]), MPI_Wait(&r[0], &status), MPI_Test_cancelled(&status, &flag);
    require(flag);
    MPI_Send_init(&value, 1, MPI_INT, rank, 31, inter, &r[0]);
    MPI_Recv_init(&other, 1, MPI_INT, MPI_ANY_SOURCE, 31, inter, &r[1]);
    for (int i = 0; i < 3; i++) value = me + i, MPI_Startall(2, r), MPI_Waitall(2, r, MPI_STATUSES_IGNORE), require(other == (me + np / 2) % np + i);
    MPI_Request_free(&r[0]), MPI_Request_free(&r[1]);
    MPI_Isendrecv(&me, 1, MPI_INT, rank, 32, &other, 1, MPI_INT, rank, 32, inter, &both);
    MPI_Wait(&both, &status);
    require(other == (me + np / 2) % np);
    MPI_Sendrecv_replace(&other, 1, MPI_INT, rank, 33, rank, 33, inter, &status);
    require(other == me);
    MPI_Comm_set_errhandler(inter, MPI_ERRORS_RETURN);
    code = MPI_Send(&me, 1, MPI_INT, remote, 0, inter);
    MPI_Error_class(code, &class);
    require(class == MPI_ERR_RANK);
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Comm half, merged;
    int upper = me >= np / 2;
    MPI_Comm_split(MPI_COMM_WORLD, upper, me, &half);
    MPI_Comm_rank(half, &rank);
    MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, upper ? 0 : np / 2, 9, &inter);
    MPI_Comm_remote_size(inter, &remote);
    modes(), any_source(), others();
    MPI_Intercomm_merge(inter, upper, &merged);
    int size, got;
    MPI_Comm_rank(merged, &rank), MPI_Comm_size(merged, &size);
    MPI_Sendrecv(&me, 1, MPI_INT, (rank + 1) % size, 0, &got, 1, MPI_INT, MPI_ANY_SOURCE, 0, merged, MPI_STATUS_IGNORE);
    printf("merged: %d after %d\n", me, got);
    MPI_Comm_free(&merged), MPI_Comm_free(&inter), MPI_Comm_free(&half);
    MPI_Finalize();
    return 0;
}
