/* A message longer than its buffer is an error of class MPI_ERR_TRUNCATE, the buffer's end is kept, and life goes on.
 * Stock MPICH over UCX hangs in the fourth.
 * @np 2
 * @expect receive 0: truncate, source 0 tag 0
 * @expect receive 1: truncate, source 0 tag 1
 * @expect receive 2: truncate, source 0 tag 2
 * @expect receive 3: truncate, source 0 tag 3
 * @expect then 17
 * @expect waitall: in status, truncate and success */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static int data[300000];
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    for (int i = 0; i < 4; i++) {
        int count = i % 2 == 0 ? 20 : 4000, room = count / 2;
        for (int k = 0; k < count + 10; k++) data[k] = me == 0 ? k : -1;
        if (i < 2) MPI_Barrier(MPI_COMM_WORLD);
        if (me == 0) {
            MPI_Send(data, count, MPI_INT, 1, i, MPI_COMM_WORLD);
            if (i >= 2) MPI_Barrier(MPI_COMM_WORLD); /* then it comes unexpected */
        } else {
            if (i >= 2) MPI_Barrier(MPI_COMM_WORLD);
            MPI_Status status = {0};
            int error = MPI_Recv(data, room, MPI_INT, 0, i, MPI_COMM_WORLD, &status);
            require(data[room] == -1 && data[room + 1] == -1);
            printf("receive %d: %s, source %d tag %d\n", i, class_of(error), status.MPI_SOURCE, status.MPI_TAG);
        }
    }
    if (me == 0) {
        data[0] = 17;
        MPI_Send(data, 1, MPI_INT, 1, 9, MPI_COMM_WORLD);
        MPI_Send(data, 1000, MPI_INT, 1, 10, MPI_COMM_WORLD);
        MPI_Send(data, 1, MPI_INT, 1, 11, MPI_COMM_WORLD);
    } else {
        MPI_Recv(data, 1, MPI_INT, 0, 9, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        printf("then %d\n", data[0]);
        MPI_Request requests[2];
        MPI_Status statuses[2];
        MPI_Irecv(data, 10, MPI_INT, 0, 10, MPI_COMM_WORLD, &requests[0]);
        MPI_Irecv(data + 10, 10, MPI_INT, 0, 11, MPI_COMM_WORLD, &requests[1]);
        int error = MPI_Waitall(2, requests, statuses);
        printf("waitall: %s, %s and %s\n", class_of(error), class_of(statuses[0].MPI_ERROR), class_of(statuses[1].MPI_ERROR));
    }
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
    return 0;
}
