/* MPI_WIN_BASE, SIZE, DISP_UNIT, CREATE_FLAVOR and MODEL of every kind of window, with and without memory.
 * Stock MPICH 4.0.2 gives MPI_WIN_BASE rounded down where a neighbour's size is odd.
 * @np 1 2 3
 * @expect created: right
 * @expect allocated: right
 * @expect shared: right
 * @expect dynamic: right */
#include "windows.h"

static void *attribute(MPI_Win win, int key) {
    void *value = NULL;
    int found = 0;
    MPI_Win_get_attr(win, key, &value, &found);
    require(found);
    return value;
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    const int flavours[KINDS] = {MPI_WIN_FLAVOR_CREATE, MPI_WIN_FLAVOR_ALLOCATE, MPI_WIN_FLAVOR_SHARED, MPI_WIN_FLAVOR_DYNAMIC};
    for (Kind kind = 0; kind < KINDS; kind++) {
        for (MPI_Aint size = 0; size < 20000; size += 9999) {
            MPI_Aint mine = (me == 0) * size + 16 * me;
            Window w = window_make(kind, mine, 1 << me, MPI_COMM_WORLD);
            require(*(int *)attribute(w.win, MPI_WIN_CREATE_FLAVOR) == flavours[w.kind]);
            require(*(int *)attribute(w.win, MPI_WIN_MODEL) == MPI_WIN_UNIFIED);
            require(*(MPI_Aint *)attribute(w.win, MPI_WIN_SIZE) == (kind == DYNAMIC ? 0 : mine));
            require(*(int *)attribute(w.win, MPI_WIN_DISP_UNIT) == (kind == DYNAMIC ? 1 : 1 << me));
            void *base = attribute(w.win, MPI_WIN_BASE);
            if (kind == DYNAMIC) require(base == MPI_BOTTOM);
            else if (mine > 0) require(base == w.base);
            require(attribute(w.win, MPI_WIN_SIZE) == attribute(w.win, MPI_WIN_SIZE)); /* the address stays */
            window_free(&w);
        }
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
