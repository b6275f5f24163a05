/* A message longer than its buffer, in every function that completes a receive: class, whose handler is called, statuses.
 * Stock MPICH over UCX hangs, and calls MPI_COMM_WORLD's handler in completions; MPI-4.0 section 9.3 wants that of the
 * communicator, and has none for arrays of requests.
 * @np 2
 * @expect passed
 * @expect passed */
#include "errors.h"
static MPI_Request r[2];
static MPI_Status s[2];
static char room[100];

/* A message that is too long and one that fits are on their way to the rank itself; if `posted`, receives wait for them. */
static void start(int posted) {
    static char data[100];
    for (int i = 0; i < 2; i++) {
        if (posted) MPI_Irecv(room, 20, MPI_CHAR, me, i, own, &r[i]);
        MPI_Send(data, i == 0 ? 60 : 10, MPI_CHAR, me, i, own);
        s[i].MPI_ERROR = 77;
    }
    calls = 0, whose = "nobody";
}

/* The error came as it should; takes the messages that are left. */
static void check(int code, int class, const char *handler_of) {
    int found, flag;
    MPI_Error_class(code, &found);
    require(found == class && calls == 1 && !strcmp(whose, handler_of));
    for (int i = 0; i < 2; i++) {
        MPI_Wait(&r[i], MPI_STATUS_IGNORE);
        while (MPI_Iprobe(me, MPI_ANY_TAG, own, &flag, MPI_STATUS_IGNORE), flag)
            MPI_Recv(room, 100, MPI_CHAR, me, MPI_ANY_TAG, own, MPI_STATUS_IGNORE);
    }
}

/* The status of the long message: where a call completes one request, MPI_ERROR is left alone. */
static void check_status(const MPI_Status *status, int error) {
    int class = status->MPI_ERROR;
    if (class != 77) MPI_Error_class(class, &class);
    require(status->MPI_TAG == 0 && status->MPI_SOURCE == me && class == error);
}

int main(int argc, char **argv) {
    begin_errors(&argc, &argv);
    int code, flag = 0, index, done, indices[2];
    MPI_Message message;
    r[0] = r[1] = MPI_REQUEST_NULL;

    start(0), code = MPI_Recv(room, 20, MPI_CHAR, me, 0, own, &s[0]), check(code, MPI_ERR_TRUNCATE, "own");
    check_status(&s[0], 77);
    start(0), code = MPI_Sendrecv(room, 10, MPI_CHAR, me, 2, room + 50, 20, MPI_CHAR, me, 0, own, &s[0]);
    check(code, MPI_ERR_TRUNCATE, "own"), check_status(&s[0], 77);
    start(0), code = MPI_Sendrecv_replace(room, 10, MPI_CHAR, me, 2, me, 0, own, &s[0]), check(code, MPI_ERR_TRUNCATE, "own");
    start(0), MPI_Mprobe(me, 0, own, &message, &s[0]);
    code = MPI_Mrecv(room, 20, MPI_CHAR, &message, &s[0]), check(code, MPI_ERR_TRUNCATE, "own"), check_status(&s[0], 77);
    start(0), MPI_Mprobe(me, 0, own, &message, &s[0]), MPI_Imrecv(room, 20, MPI_CHAR, &message, &r[0]);
    code = MPI_Wait(&r[0], &s[0]), check(code, MPI_ERR_TRUNCATE, "own"), check_status(&s[0], 77);

    start(1), code = MPI_Wait(&r[0], &s[0]), check(code, MPI_ERR_TRUNCATE, "own"), check_status(&s[0], 77);
    start(1), code = MPI_Test(&r[0], &flag, &s[0]), check(code, MPI_ERR_TRUNCATE, "own"), check_status(&s[0], 77);
    require(flag);
    start(1), code = MPI_Waitany(2, r, &index, s), check(code, MPI_ERR_TRUNCATE, "own"), check_status(&s[0], 77);
    require(index == 0);
    start(1), code = MPI_Testany(2, r, &index, &flag, s), check(code, MPI_ERR_TRUNCATE, "own"), check_status(&s[0], 77);
    require(flag && index == 0);
    start(1), code = MPI_Waitall(2, r, s), check(code, MPI_ERR_IN_STATUS, "world"), check_status(&s[0], MPI_ERR_TRUNCATE);
    require(s[1].MPI_ERROR == MPI_SUCCESS);
    start(1), code = MPI_Waitall(2, r, MPI_STATUSES_IGNORE), check(code, MPI_ERR_IN_STATUS, "world");
    start(1), code = MPI_Testall(2, r, &flag, s), check(code, MPI_ERR_IN_STATUS, "world"), check_status(&s[0], MPI_ERR_TRUNCATE);
    require(flag && s[1].MPI_ERROR == MPI_SUCCESS);
    start(1), code = MPI_Waitsome(2, r, &done, indices, s), check(code, MPI_ERR_IN_STATUS, "world"), check_status(&s[0], MPI_ERR_TRUNCATE);
    require(done == 2 && indices[0] == 0 && indices[1] == 1 && s[1].MPI_ERROR == MPI_SUCCESS);
    start(1), code = MPI_Testsome(2, r, &done, indices, s), check(code, MPI_ERR_IN_STATUS, "world"), check_status(&s[0], MPI_ERR_TRUNCATE);
    require(done == 2 && s[1].MPI_ERROR == MPI_SUCCESS);

    MPI_Recv_init(room, 20, MPI_CHAR, me, 0, own, &r[0]); /* stays usable */
    for (int i = 0; i < 2; i++) {
        start(0), MPI_Start(&r[0]);
        code = MPI_Wait(&r[0], &s[0]), check(code, MPI_ERR_TRUNCATE, "own"), check_status(&s[0], 77);
    }
    MPI_Request_free(&r[0]);
    puts("passed");
    end_errors();
    return 0;
}
