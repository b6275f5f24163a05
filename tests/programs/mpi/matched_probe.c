/* A message taken by Mprobe is seen by nobody else; Mrecv and Imrecv receive just that one.
 * @np 2 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char data[4][200000];
    int sizes[4] = {10, 200000, 10, 5000};
    if (me == 0) {
        MPI_Request r[4];
        for (int i = 0; i < 4; i++) fill(data[i], sizes[i], i), MPI_Isend(data[i], sizes[i], MPI_BYTE, 1, 3, MPI_COMM_WORLD, &r[i]);
        MPI_Waitall(4, r, MPI_STATUSES_IGNORE);
    } else {
        MPI_Message messages[4];
        MPI_Status status;
        MPI_Request requests[2];
        int count, flag = 0;
        for (int i = 0; i < 3; i++) {
            MPI_Mprobe(i == 1 ? MPI_ANY_SOURCE : 0, i == 2 ? MPI_ANY_TAG : 3, MPI_COMM_WORLD, &messages[i], &status);
            MPI_Get_count(&status, MPI_BYTE, &count);
            printf("probed %d bytes\n", count);
        }
        while (!flag) MPI_Improbe(0, 3, MPI_COMM_WORLD, &flag, &messages[3], &status);
        MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &flag, &status);
        printf("more: %d\n", flag);
        MPI_Imrecv(data[3], sizes[3], MPI_BYTE, &messages[3], &requests[0]);
        MPI_Mrecv(data[2], sizes[2], MPI_BYTE, &messages[2], &status);
        MPI_Imrecv(data[1], sizes[1], MPI_BYTE, &messages[1], &requests[1]);
        MPI_Waitall(2, requests, MPI_STATUSES_IGNORE);
        MPI_Mrecv(data[0], sizes[0], MPI_BYTE, &messages[0], MPI_STATUS_IGNORE);
        for (int i = 0; i < 4; i++) require(is_filled(data[i], sizes[i], i) && messages[i] == MPI_MESSAGE_NULL);
    }
    MPI_Finalize();
    return 0;
}
