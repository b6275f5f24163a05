/* Probe and Iprobe tell source, tag and size, and leave the message where it is.
 * @np 3 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char data[100000];
    if (me > 0) {
        MPI_Send(data, me * 10, MPI_BYTE, 0, me, MPI_COMM_WORLD);
        MPI_Send(data, me * 40000, MPI_BYTE, 0, me + 10, MPI_COMM_WORLD);
    } else {
        MPI_Status status;
        int flag = 0, count;
        MPI_Iprobe(1, 99, MPI_COMM_WORLD, &flag, &status);
        printf("tag 99: %d\n", flag);
        MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_SELF, &flag, MPI_STATUS_IGNORE);
        printf("self: %d\n", flag);
        for (int i = 1; i < np; i++) {
            for (flag = 0; !flag; MPI_Iprobe(i, MPI_ANY_TAG, MPI_COMM_WORLD, &flag, &status)) {}
            for (int k = 0; k < 3; k++) MPI_Probe(i, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
            MPI_Get_count(&status, MPI_BYTE, &count);
            printf("source %d tag %d count %d\n", status.MPI_SOURCE, status.MPI_TAG, count);
            MPI_Probe(MPI_ANY_SOURCE, i + 10, MPI_COMM_WORLD, &status);
            MPI_Get_count(&status, MPI_BYTE, &count);
            printf("source %d tag %d count %d\n", status.MPI_SOURCE, status.MPI_TAG, count);
            MPI_Recv(data, sizeof data, MPI_BYTE, i, i, MPI_COMM_WORLD, &status);
            MPI_Recv(data, sizeof data, MPI_BYTE, i, i + 10, MPI_COMM_WORLD, &status);
        }
    }
    MPI_Finalize();
    return 0;
}
