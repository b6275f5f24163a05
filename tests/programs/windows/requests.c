/* MPI_Rput, MPI_Rget, MPI_Raccumulate and MPI_Rget_accumulate: completed in every way, mixed with requests of messages.
 * @np 2 3 */
#include "windows.h"
#define CELLS 5000
static int64_t source[CELLS], got[CELLS], old[CELLS], message[CELLS], received[CELLS];

static void complete(int how, int count, MPI_Request *requests) {
    MPI_Status statuses[8];
    int index, flag = 0, done = 0, indices[8];
    if (how == 0) MPI_Waitall(count, requests, statuses);
    if (how == 1) for (int i = count - 1; i >= 0; i--) MPI_Wait(&requests[i], MPI_STATUS_IGNORE);
    if (how == 2) for (int i = 0; i < count; i++) for (flag = 0; !flag;) MPI_Test(&requests[i], &flag, &statuses[i]);
    if (how == 3) for (int i = 0; i < count; i++) MPI_Waitany(count, requests, &index, &statuses[0]), require(index >= 0 && index < count);
    if (how == 4) while (!flag) MPI_Testall(count, requests, &flag, statuses);
    if (how == 5) for (int all = 0; all < count; all += done) MPI_Waitsome(count, requests, &done, indices, statuses);
    if (how == 6) for (int all = 0; all < count; all += flag) MPI_Testany(count, requests, &index, &flag, &statuses[0]);
    if (how == 7) {
        for (int i = 0; i < count; i++) for (flag = 0; !flag;) MPI_Request_get_status(requests[i], &flag, &statuses[i]);
        MPI_Testall(count, requests, &flag, statuses);
        require(flag);
    }
    for (int i = 0; i < count; i++) require(requests[i] == MPI_REQUEST_NULL);
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    int right = (me + 1) % np, left = (me + np - 1) % np;
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 3 * CELLS * 8, 1, MPI_COMM_WORLD);
        for (int how = 0; how < 8; how++) {
            int64_t *mine = (int64_t *)w.base;
            for (int i = 0; i < 3 * CELLS; i++) mine[i] = me * 100000 + i + how;
            for (int i = 0; i < CELLS; i++) source[i] = me * 7 + i + how, message[i] = me + 3 * i, got[i] = old[i] = received[i] = -1;
            MPI_Barrier(MPI_COMM_WORLD);
            MPI_Win_lock_all(0, w.win);
            MPI_Request requests[6];
            MPI_Irecv(received, CELLS, MPI_INT64_T, left, 1, MPI_COMM_WORLD, &requests[0]);
            MPI_Rput(source, CELLS, MPI_INT64_T, right, disp(&w, right, 0), CELLS, MPI_INT64_T, w.win, &requests[1]);
            MPI_Rget(got, CELLS, MPI_INT64_T, right, disp(&w, right, CELLS * 8), CELLS, MPI_INT64_T, w.win, &requests[2]);
            MPI_Isend(message, CELLS, MPI_INT64_T, right, 1, MPI_COMM_WORLD, &requests[3]);
            MPI_Raccumulate(source, 100, MPI_INT64_T, right, disp(&w, right, 2 * CELLS * 8), 100, MPI_INT64_T, MPI_SUM, w.win, &requests[4]);
            MPI_Rget_accumulate(source, 100, MPI_INT64_T, old, 100, MPI_INT64_T, right, disp(&w, right, 2 * CELLS * 8 + 800), 100,
                                MPI_INT64_T, MPI_SUM, w.win, &requests[5]);
            complete(how, 6, requests);
            for (int i = 0; i < CELLS; i++) {
                require(got[i] == right * 100000 + CELLS + i + how); /* fetched data is there when the request has completed */
                require(received[i] == left + 3 * i);
                if (i < 100) require(old[i] == right * 100000 + 2 * CELLS + 100 + i + how);
            }
            for (int i = 0; i < CELLS; i++) source[i] = -5; /* and the origin may be used again */
            MPI_Win_unlock_all(w.win);
            MPI_Barrier(MPI_COMM_WORLD);
            for (int i = 0; i < CELLS; i++) {
                require(mine[i] == left * 7 + i + how && mine[CELLS + i] == me * 100000 + CELLS + i + how);
                int64_t sum = me * 100000 + 2 * CELLS + i + how + (i < 200 ? left * 7 + i % 100 + how : 0);
                require(mine[2 * CELLS + i] == sum);
            }
            MPI_Barrier(MPI_COMM_WORLD);
        }
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
