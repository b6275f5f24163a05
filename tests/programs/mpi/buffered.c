/* Buffered sends return without a receiver, overflow is an error, and detaching waits for the messages and returns the buffer.
 * @np 2 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char data[50000];
    int size = 20 * (50000 + MPI_BSEND_OVERHEAD);
    char *space = malloc(size);
    for (int round = 0; round < 3; round++) {
        if (me == 0) {
            MPI_Buffer_attach(space, size);
            for (int i = 0; i < 20; i++) {
                fill(data, 2500 * i, i);
                MPI_Bsend(data, 2500 * i, MPI_BYTE, 1, i, MPI_COMM_WORLD);
                memset(data, 0, sizeof data);
            }
            MPI_Barrier(MPI_COMM_WORLD);
            void *old;
            int old_size;
            MPI_Buffer_detach(&old, &old_size);
            printf("%d %d\n", old == space, old_size == size);
        } else {
            MPI_Barrier(MPI_COMM_WORLD);
            for (int i = 19; i >= 0; i--) {
                MPI_Recv(data, sizeof data, MPI_BYTE, 0, i, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
                require(is_filled(data, 2500 * i, i));
            }
        }
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (me == 0) {
        int unused;
        MPI_Buffer_attach(space, 1000);
        printf("too long: %s\n", class_of(MPI_Bsend(data, 2000, MPI_BYTE, 1, 0, MPI_COMM_WORLD)));
        MPI_Buffer_detach(&space, &unused);
        printf("no buffer: %s\n", class_of(MPI_Bsend(data, 20, MPI_BYTE, 1, 0, MPI_COMM_WORLD)));
    }
    MPI_Finalize();
    return 0;
}
