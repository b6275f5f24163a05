/* One-sided communication is the library's: windows of all kinds with put, get and accumulate, beside messages.
 * @np 2 4 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int right = (me + 1) % np, left = (me + np - 1) % np, *memory, got = -1;
    static int own[1000];
    MPI_Win win;
    for (int kind = 0; kind < 3; kind++) {
        if (kind == 0) MPI_Win_allocate(1000 * sizeof(int), sizeof(int), MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &win);
        if (kind == 1) MPI_Win_create(memory = own, sizeof own, sizeof(int), MPI_INFO_NULL, MPI_COMM_WORLD, &win);
        if (kind == 2) MPI_Win_allocate_shared(1000 * sizeof(int), sizeof(int), MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &win);
        for (int i = 0; i < 1000; i++) memory[i] = -1;
        MPI_Win_fence(0, win);
        int values[1000];
        for (int i = 0; i < 1000; i++) values[i] = me * 1000 + i;
        MPI_Put(values, 1000, MPI_INT, right, 0, 1000, MPI_INT, win);
        MPI_Sendrecv(&me, 1, MPI_INT, right, 0, &got, 1, MPI_INT, left, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Win_fence(0, win);
        for (int i = 0; i < 1000; i++) require(memory[i] == left * 1000 + i);
        MPI_Get(&values[5], 1, MPI_INT, right, 7, 1, MPI_INT, win);
        MPI_Win_fence(0, win);
        require(got == left && values[5] == me * 1000 + 7);
        if (kind == 2) {
            MPI_Aint size;
            int unit, *theirs;
            MPI_Win_shared_query(win, right, &size, &unit, &theirs);
            require(theirs[9] == me * 1000 + 9);
            MPI_Barrier(MPI_COMM_WORLD);
        }
        MPI_Win_free(&win);
        printf("kind %d right\n", kind);
    }
    MPI_Finalize();
    return 0;
}
