/* What was sent before MPI_Finalize arrives, though the sender is on its way out: standard, buffered and freed requests.
 * @np 2 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char data[4][200000];
    int sizes[4] = {5000, 100000, 8, 200000};
    if (me == 0) {
        MPI_Request request;
        char *space = malloc(200000);
        MPI_Buffer_attach(space, 200000);
        for (int i = 0; i < 4; i++) fill(data[i], sizes[i], i);
        MPI_Send(data[0], sizes[0], MPI_BYTE, 1, 0, MPI_COMM_WORLD);
        MPI_Bsend(data[1], sizes[1], MPI_BYTE, 1, 1, MPI_COMM_WORLD);
        MPI_Isend(data[2], sizes[2], MPI_BYTE, 1, 2, MPI_COMM_WORLD, &request), MPI_Request_free(&request);
        MPI_Isend(data[3], sizes[3], MPI_BYTE, 1, 3, MPI_COMM_WORLD, &request), MPI_Request_free(&request);
    } else {
        usleep(300000);
        for (int i = 3; i >= 0; i--) {
            MPI_Recv(data[i], sizes[i], MPI_BYTE, 0, i, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            require(is_filled(data[i], sizes[i], i));
        }
        puts("all arrived");
    }
    MPI_Finalize();
    return 0;
}
