/* Dynamic windows: several regions attached and detached while the window is in use, addressed absolutely and by MPI_Aint_add.
 * @np 1 2 4 */
#include "windows.h"
#define REGIONS 20
static int64_t on_data_segment[50];
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int right = (me + 1) % np, left = (me + np - 1) % np;
    MPI_Win win;
    MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    MPI_Win_lock_all(0, win);
    int64_t *region[REGIONS];
    MPI_Aint mine[REGIONS + 1], theirs[REGIONS + 1];
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < REGIONS; i++) {
            region[i] = calloc((size_t)(i + 1) * 100, 8);
            MPI_Win_attach(win, region[i], (i + 1) * 800);
            MPI_Get_address(region[i], &mine[i]);
        }
        if (round == 0) MPI_Win_attach(win, on_data_segment, sizeof on_data_segment);
        MPI_Get_address(on_data_segment, &mine[REGIONS]);
        MPI_Sendrecv(mine, REGIONS + 1, MPI_AINT, left, 0, theirs, REGIONS + 1, MPI_AINT, right, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        MPI_Barrier(MPI_COMM_WORLD);
        for (int i = 0; i < REGIONS; i++) {
            int64_t key = 1000 * me + i + round, one = 1;
            MPI_Aint last = MPI_Aint_add(theirs[i], (i + 1) * 800 - 8);
            require(MPI_Aint_diff(last, theirs[i]) == (i + 1) * 800 - 8);
            MPI_Put(&key, 1, MPI_INT64_T, right, last, 1, MPI_INT64_T, win);
            MPI_Accumulate(&one, 1, MPI_INT64_T, right, theirs[REGIONS] + 8 * i, 1, MPI_INT64_T, MPI_SUM, win);
            MPI_Win_flush(right, win);
        }
        MPI_Barrier(MPI_COMM_WORLD);
        MPI_Win_sync(win);
        for (int i = 0; i < REGIONS; i++) {
            require(region[i][(i + 1) * 100 - 1] == 1000 * left + i + round);
            require(on_data_segment[i] == round + 1);
        }
        MPI_Barrier(MPI_COMM_WORLD);
        for (int i = 0; i < REGIONS; i++) { /* in another order than attached */
            int which = (i * 7) % REGIONS;
            MPI_Win_detach(win, region[which]);
            free(region[which]);
        }
    }
    MPI_Win_unlock_all(win);
    MPI_Win_detach(win, on_data_segment);
    MPI_Win_free(&win);
    passed("attached and detached");

    /* A datatype with absolute addresses at the target, and one at the origin with MPI_BOTTOM. */
    MPI_Win_create_dynamic(MPI_INFO_NULL, MPI_COMM_WORLD, &win);
    static int first[10], second[10];
    MPI_Win_attach(win, first, sizeof first), MPI_Win_attach(win, second, sizeof second);
    MPI_Aint places[4];
    MPI_Get_address(&first[3], &places[0]), MPI_Get_address(&second[5], &places[1]);
    MPI_Sendrecv(places, 2, MPI_AINT, left, 0, &places[2], 2, MPI_AINT, right, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    int a = 11 + me, b = 22 + me;
    MPI_Aint origin[2];
    MPI_Get_address(&a, &origin[0]), MPI_Get_address(&b, &origin[1]);
    MPI_Datatype from, to;
    MPI_Type_create_hindexed_block(2, 1, origin, MPI_INT, &from);
    MPI_Type_create_hindexed_block(2, 1, &places[2], MPI_INT, &to);
    MPI_Type_commit(&from), MPI_Type_commit(&to);
    MPI_Win_fence(0, win);
    MPI_Put(MPI_BOTTOM, 1, from, right, 0, 1, to, win);
    MPI_Win_fence(0, win);
    require(first[3] == 11 + left && second[5] == 22 + left && first[2] == 0 && first[4] == 0 && second[4] == 0);
    a = b = 0;
    MPI_Get(MPI_BOTTOM, 1, from, right, 0, 1, to, win);
    MPI_Win_fence(0, win);
    require(a == 11 + me && b == 22 + me);
    MPI_Type_free(&from), MPI_Type_free(&to);
    MPI_Win_detach(win, first), MPI_Win_detach(win, second);
    MPI_Win_free(&win);
    passed("absolute datatypes");
    MPI_Finalize();
    return 0;
}
