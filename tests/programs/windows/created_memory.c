/* MPI_Win_create on any memory: none at all, static, of MPI_Alloc_mem, shared by two windows, with units of its own on each rank.
 * @without-stock MPICH 4.0.2 reads the wrong place where two windows overlap
 * @np 1 2 4 */
#include "windows.h"
static int64_t fixed[64];
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int right = (me + 1) % np, left = (me + np - 1) % np, last = np - 1;
    MPI_Win win, second;

    MPI_Win_create(NULL, 0, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    MPI_Win_fence(0, win), MPI_Win_fence(0, win);
    MPI_Win_free(&win);
    passed("no memory at all");

    int64_t on_stack[8] = {0}, key = 100 + me, got = -1;
    MPI_Win_create(me == last ? on_stack : NULL, me == last ? sizeof on_stack : 0, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    MPI_Win_fence(0, win);
    MPI_Put(&key, 1, MPI_INT64_T, last, me, 1, MPI_INT64_T, win);
    MPI_Win_fence(0, win);
    MPI_Get(&got, 1, MPI_INT64_T, last, right, 1, MPI_INT64_T, win);
    MPI_Win_fence(0, win);
    require(got == 100 + right);
    if (me == last) for (int i = 0; i < 8; i++) require(on_stack[i] == (i < np ? 100 + i : 0));
    MPI_Win_free(&win);
    passed("memory of one rank");

    /* Rank r counts in units of r + 1 bytes. */
    MPI_Win_create(fixed, sizeof fixed, me + 1, MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    MPI_Win_fence(0, win);
    MPI_Put(&key, 1, MPI_INT64_T, right, 24, 1, MPI_INT64_T, win);
    MPI_Win_fence(0, win);
    memcpy(&got, (char *)fixed + 24 * (me + 1), 8);
    require(got == 100 + left);
    MPI_Win_free(&win);
    passed("units");

    /* Two windows on overlapping memory, used one after the other. */
    int64_t *allocated;
    MPI_Alloc_mem(1024, MPI_INFO_NULL, &allocated);
    memset(allocated, 0, 1024);
    MPI_Win_create(allocated, 1024, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    MPI_Win_create(allocated + 8, 512, 8, MPI_INFO_NULL, MPI_COMM_WORLD, &second);
    MPI_Win_fence(0, win);
    MPI_Put(&key, 1, MPI_INT64_T, right, 10, 1, MPI_INT64_T, win);
    MPI_Win_fence(0, win);
    MPI_Win_fence(0, second);
    MPI_Get(&got, 1, MPI_INT64_T, right, 2, 1, MPI_INT64_T, second);
    MPI_Win_fence(0, second);
    require(got == 100 + me && allocated[10] == 100 + left);
    MPI_Win_free(&win), MPI_Win_free(&second);
    MPI_Free_mem(allocated);
    passed("two windows on the same memory");
    MPI_Finalize();
    return 0;
}
