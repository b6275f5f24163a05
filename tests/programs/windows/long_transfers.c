/* Transfers of megabytes, many pending at once, to oneself and to others, and origins within the window's own memory.
 * @np 1 2 3
 * @limit 60 */
#include "windows.h"
#define MIB (1 << 20)
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int right = (me + 1) % np, left = (me + np - 1) % np;
    char *out = malloc(9 * MIB), *in = malloc(9 * MIB);
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 20 * MIB, 1, MPI_COMM_WORLD);
        fill(out, 9 * MIB, me + (int)kind);
        MPI_Win_fence(0, w.win);
        MPI_Put(out, 9 * MIB - 3, MPI_BYTE, right, disp(&w, right, 5), 9 * MIB - 3, MPI_BYTE, w.win);
        MPI_Win_fence(0, w.win);
        require(is_filled(w.base + 5, 9 * MIB - 3, left + (int)kind));
        MPI_Get(in, 9 * MIB - 3, MPI_BYTE, right, disp(&w, right, 5), 9 * MIB - 3, MPI_BYTE, w.win);
        MPI_Win_fence(0, w.win);
        require(is_filled(in, 9 * MIB - 3, me + (int)kind));
        for (int i = 0; i < 2000; i++) MPI_Put(out + i, 1 + i, MPI_BYTE, i % 2 ? right : me, disp(&w, i % 2 ? right : me, 2500 * i), 1 + i, MPI_BYTE, w.win);
        MPI_Win_fence(0, w.win);
        for (int i = 0; i < 2000; i++) {
            int from = i % 2 ? left : me;
            fill(in, 1 + 2 * i, from + (int)kind);
            require(!memcmp(w.base + 2500 * i, in + i, (size_t)(1 + i)));
        }
        MPI_Barrier(MPI_COMM_WORLD);
        /* From the window's own memory into a neighbour's window. */
        fill(w.base, 4 * MIB, me + 70);
        MPI_Win_fence(0, w.win);
        MPI_Put(w.base, 4 * MIB, MPI_BYTE, right, disp(&w, right, 8 * MIB), 4 * MIB, MPI_BYTE, w.win);
        MPI_Get(w.base + 14 * MIB, 4 * MIB, MPI_BYTE, right, disp(&w, right, 0), 4 * MIB, MPI_BYTE, w.win);
        MPI_Win_fence(0, w.win);
        require(is_filled(w.base + 8 * MIB, 4 * MIB, left + 70) && is_filled(w.base + 14 * MIB, 4 * MIB, right + 70));
        window_free(&w);
        passed(kind_names[kind]);
    }
    free(out), free(in);
    MPI_Finalize();
    return 0;
}
