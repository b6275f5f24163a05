/* A rank that waits in a collective with a receive posted still lets a long blocking send to it complete.
 * @np 2 4 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int bytes = 4 << 20, sum, one = 1;
    char *data = malloc(bytes);
    for (int round = 0; round < 6; round++) {
        MPI_Request request;
        if (me == 1) MPI_Irecv(data, bytes, MPI_BYTE, 0, 1, MPI_COMM_WORLD, &request);
        if (me == 0) fill(data, bytes, round), usleep(20000), MPI_Send(data, bytes, MPI_BYTE, 1, 1, MPI_COMM_WORLD);
        if (round % 3 == 0) MPI_Barrier(MPI_COMM_WORLD);
        else if (round % 3 == 1) MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
        else { MPI_Comm copy; MPI_Comm_dup(MPI_COMM_WORLD, &copy); MPI_Comm_free(&copy); }
        if (me == 1) MPI_Wait(&request, MPI_STATUS_IGNORE), require(is_filled(data, bytes, round));
    }
    puts("passed");
    MPI_Finalize();
    return 0;
}
