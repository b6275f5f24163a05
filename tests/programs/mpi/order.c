/* Short and long messages of one pair and tag never overtake each other, neither posted nor unexpected nor from Isend windows.
 * @np 2 */
#include "test.h"
#define WINDOW 64
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char data[WINDOW][120000];
    for (int round = 0; round < 12; round++) {
        MPI_Request r[WINDOW];
        if (me == 0) {
            if (round % 3 == 1) usleep(5000);
            for (int i = 0; i < WINDOW; i++) {
                int bytes = (i * 7 + round) % 5 == 0 ? 120000 - i : (i * 3 + round) % 4 == 0 ? 20000 + i : i;
                memset(data[i], i, bytes);
                MPI_Isend(data[i], bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD, &r[i]);
            }
        } else {
            if (round % 3 == 2) usleep(5000);
            for (int i = 0; i < WINDOW; i++) MPI_Irecv(data[i], sizeof data[i], MPI_BYTE, i % 2 ? 0 : MPI_ANY_SOURCE, i % 3 ? 0 : MPI_ANY_TAG, MPI_COMM_WORLD, &r[i]);
        }
        MPI_Status s[WINDOW];
        MPI_Waitall(WINDOW, r, s);
        for (int i = 0; me == 1 && i < WINDOW; i++) {
            int bytes, wanted = (i * 7 + round) % 5 == 0 ? 120000 - i : (i * 3 + round) % 4 == 0 ? 20000 + i : i;
            MPI_Get_count(&s[i], MPI_BYTE, &bytes);
            require(bytes == wanted && (bytes == 0 || (data[i][0] == i && data[i][bytes - 1] == i)));
        }
    }
    puts("in order");
    MPI_Finalize();
    return 0;
}
