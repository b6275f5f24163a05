/* The memory of allocated and created windows is read and written through the pointers that MPI_Win_shared_query gives.
 * @np 2 3
 * @without-stock it refuses windows other than those of MPI_Win_allocate_shared, as MPI before 4.1 did */
#include "windows.h"
#define COUNT 1000

int main(int argc, char **argv) {
    begin(&argc, &argv);
    static int own[COUNT];
    for (int created = 0; created < 2; created++) {
        int *base = own, *theirs, unit, right = (me + 1) % np;
        MPI_Aint size;
        MPI_Win win;
        if (created) MPI_Win_create(own, sizeof own, sizeof *own, MPI_INFO_NULL, MPI_COMM_WORLD, &win);
        else MPI_Win_allocate(sizeof own, sizeof *own, MPI_INFO_NULL, MPI_COMM_WORLD, &base, &win);
        MPI_Win_shared_query(win, me, &size, &unit, &theirs);
        require(theirs == base && size == sizeof own && unit == sizeof *own);
        MPI_Win_shared_query(win, right, &size, &unit, &theirs);
        require(size == sizeof own && unit == sizeof *own);
        MPI_Win_fence(0, win);
        for (int i = 0; i < COUNT; i++) theirs[i] = me * COUNT + i;
        MPI_Win_fence(0, win);
        for (int i = 0; i < COUNT; i++) require(base[i] == (me + np - 1) % np * COUNT + i);
        MPI_Win_free(&win);
        if (me == 0) printf("%s window: read and written through pointers\n", created ? "created" : "allocated");
    }
    MPI_Finalize();
    return 0;
}
