/* Persistent requests of all modes, started again and again, alone and together, and used inactive.
 * @np 2 3 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char out[4][100000], in[4][100000];
    int sizes[4] = {0, 8, 6000, 100000}, right = (me + 1) % np, left = (me + np - 1) % np, flag;
    MPI_Request r[8];
    MPI_Status s[8], status;
    void *space = malloc(1 << 20);
    MPI_Buffer_attach(space, 1 << 20);
    for (int i = 0; i < 4; i++) MPI_Recv_init(in[i], sizes[i], MPI_BYTE, i == 2 ? MPI_ANY_SOURCE : left, i, MPI_COMM_WORLD, &r[i]);
    MPI_Send_init(out[0], sizes[0], MPI_BYTE, right, 0, MPI_COMM_WORLD, &r[4]);
    MPI_Ssend_init(out[1], sizes[1], MPI_BYTE, right, 1, MPI_COMM_WORLD, &r[5]);
    MPI_Bsend_init(out[2], sizes[2], MPI_BYTE, right, 2, MPI_COMM_WORLD, &r[6]);
    MPI_Send_init(out[3], sizes[3], MPI_BYTE, right, 3, MPI_COMM_WORLD, &r[7]);
    MPI_Wait(&r[3], &status); /* inactive: returns at once, empty */
    MPI_Test(&r[7], &flag, &status);
    if (me == 0) printf("inactive: flag %d source %d tag %d\n", flag, status.MPI_SOURCE, status.MPI_TAG);
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 4; i++) fill(out[i], sizes[i], me + round + i), memset(in[i], 0, sizes[i]);
        if (round % 2) MPI_Startall(8, r);
        else for (int i = 0; i < 8; i++) MPI_Start(&r[i]);
        if (round % 3 == 0) MPI_Waitall(8, r, s);
        else if (round % 3 == 1) for (int i = 7; i >= 0; i--) MPI_Wait(&r[i], &s[i]);
        else for (int i = 0; i < 8; i++) for (flag = 0; !flag; MPI_Test(&r[i], &flag, &s[i])) {}
        for (int i = 0; i < 4; i++) {
            require(is_filled(in[i], sizes[i], left + round + i) && s[i].MPI_SOURCE == left && s[i].MPI_TAG == i);
            require(r[i] != MPI_REQUEST_NULL && r[i + 4] != MPI_REQUEST_NULL);
        }
    }
    for (int i = 0; i < 8; i++) MPI_Request_free(&r[i]), require(r[i] == MPI_REQUEST_NULL);
    int size;
    MPI_Buffer_detach(&space, &size);
    printf("done, %d bytes detached\n", size);
    MPI_Finalize();
    return 0;
}
