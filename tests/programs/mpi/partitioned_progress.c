/* A rank that asks MPI_Parrived again and again still takes the messages that its peer sends before the partition.
 * @np 2
 * @limit 20 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char data[200000];
    static int parts[40];
    MPI_Request partitioned, receive;
    if (me == 0) MPI_Psend_init(parts, 4, 10, MPI_INT, 1, 1, MPI_COMM_WORLD, MPI_INFO_NULL, &partitioned);
    else MPI_Precv_init(parts, 4, 10, MPI_INT, 0, 1, MPI_COMM_WORLD, MPI_INFO_NULL, &partitioned);
    for (int bytes = 1; bytes <= 200000; bytes *= 200000) {
        if (me == 0) {
            for (int i = 0; i < 40; i++) parts[i] = i + bytes;
            MPI_Start(&partitioned);
            fill(data, bytes, bytes);
            usleep(20000); /* until the other asks */
            MPI_Ssend(data, bytes, MPI_BYTE, 1, 2, MPI_COMM_WORLD);
            MPI_Pready_range(0, 3, partitioned);
            MPI_Wait(&partitioned, MPI_STATUS_IGNORE);
        } else {
            MPI_Start(&partitioned);
            MPI_Irecv(data, bytes, MPI_BYTE, 0, 2, MPI_COMM_WORLD, &receive);
            for (int i = 0, flag = 0; i < 4; i++, flag = 0) while (!flag) MPI_Parrived(partitioned, i, &flag);
            MPI_Wait(&receive, MPI_STATUS_IGNORE);
            MPI_Wait(&partitioned, MPI_STATUS_IGNORE);
            require(parts[39] == 39 + bytes && is_filled(data, bytes, bytes));
        }
        MPI_Barrier(MPI_COMM_WORLD);
    }
    MPI_Request_free(&partitioned);
    puts("passed");
    MPI_Finalize();
    return 0;
}
