/* Truncation of messages that go by rendezvous. Stock MPICH over UCX hangs or aborts on some of these.
 * @np 2
 * @expect 100000: truncate, kept
 * @expect 400000: truncate, kept
 * @expect then 5 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char data[1 << 20];
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    for (int size = 100000; size <= 400000; size *= 4) {
        memset(data, me == 0 ? 1 : 2, sizeof data);
        if (me == 0) require(MPI_Send(data, size, MPI_BYTE, 1, 0, MPI_COMM_WORLD) == MPI_SUCCESS);
        else {
            int error = MPI_Recv(data, size - 1, MPI_BYTE, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            printf("%d: %s, %s\n", size, class_of(error), data[size - 1] == 2 ? "kept" : "overwritten");
        }
    }
    data[0] = 5;
    if (me == 0) MPI_Ssend(data, 200000, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
    else MPI_Recv(data, 200000, MPI_BYTE, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE), printf("then %d\n", data[0]);
    MPI_Finalize();
    return 0;
}
