/* Post, start, complete and wait: rings, subsets of the ranks, empty groups, many epochs, and MPI_Win_test.
 * @without-stock MPICH 4.0.2 takes many seconds where ranks outnumber cores
 * @np 1 2 4
 * @limit 60 */
#include "windows.h"

static MPI_Group of_ranks(int count, const int *ranks) {
    MPI_Group world, made;
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Group_incl(world, count, ranks, &made);
    MPI_Group_free(&world);
    return made;
}

static void await(MPI_Win win, int by_test) {
    int flag = 0;
    if (!by_test) MPI_Win_wait(win);
    else while (!flag) MPI_Win_test(win, &flag);
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    int right = (me + 1) % np, left = (me + np - 1) % np;
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 8 * 64, 1, MPI_COMM_WORLD);
        int64_t *mine = (int64_t *)w.base, value, got;
        MPI_Group from = of_ranks(1, &left), to = of_ranks(1, &right);
        for (int i = 0; i < 200; i++) { /* a ring; the exposed memory is read and changed by its owner in between */
            mine[1] = 1000 + i;
            MPI_Win_post(from, i % 3 ? 0 : MPI_MODE_NOSTORE, w.win);
            MPI_Win_start(to, 0, w.win);
            value = me * 1000 + i;
            MPI_Put(&value, 1, MPI_INT64_T, right, disp(&w, right, 0), 1, MPI_INT64_T, w.win);
            MPI_Get(&got, 1, MPI_INT64_T, right, disp(&w, right, 8), 1, MPI_INT64_T, w.win);
            MPI_Accumulate(&value, 1, MPI_INT64_T, right, disp(&w, right, 16), 1, MPI_INT64_T, MPI_REPLACE, w.win);
            MPI_Win_complete(w.win);
            require(got == 1000 + i);
            await(w.win, i % 2);
            require(mine[0] == left * 1000 + i && mine[2] == mine[0]);
        }
        MPI_Group_free(&from), MPI_Group_free(&to);
        MPI_Barrier(MPI_COMM_WORLD);

        /* Even ranks expose their memory to all odd ones, which write to all of them. */
        int even[16], odd[16], evens = 0, odds = 0;
        for (int i = 0; i < np; i++) if (i % 2) odd[odds++] = i; else even[evens++] = i;
        MPI_Group group = me % 2 ? of_ranks(evens, even) : of_ranks(odds, odd);
        for (int i = 0; i < 20; i++) {
            if (me % 2) {
                MPI_Win_start(group, 0, w.win);
                value = me + 100 * i;
                for (int j = 0; j < evens; j++) MPI_Put(&value, 1, MPI_INT64_T, even[j], disp(&w, even[j], 8 * me), 1, MPI_INT64_T, w.win);
                MPI_Win_complete(w.win);
            } else {
                MPI_Win_post(group, 0, w.win);
                await(w.win, i % 2);
                for (int j = 0; j < odds; j++) require(mine[odd[j]] == odd[j] + 100 * i);
            }
        }
        MPI_Group_free(&group);
        MPI_Barrier(MPI_COMM_WORLD);

        /* Rank 0 writes to a subset that changes from epoch to epoch; nobody else takes part. */
        for (int i = 0; i < 20; i++) {
            int chosen[16], count = 0, zero = 0, mine_too = 0;
            for (int rank = 1; rank < np; rank++) if ((rank + i) % 3) chosen[count++] = rank, mine_too |= rank == me;
            group = me == 0 ? of_ranks(count, chosen) : of_ranks(1, &zero);
            if (me == 0) {
                MPI_Win_start(group, 0, w.win);
                value = i;
                for (int j = count; j-- > 0;) MPI_Put(&value, 1, MPI_INT64_T, chosen[j], disp(&w, chosen[j], 8 * 40), 1, MPI_INT64_T, w.win);
                MPI_Win_complete(w.win);
            } else if (mine_too) {
                MPI_Win_post(group, 0, w.win);
                await(w.win, 1);
                require(mine[40] == i);
            }
            MPI_Group_free(&group);
        }
        MPI_Barrier(MPI_COMM_WORLD);

        /* MPI_Win_test says no as long as the origin has not completed; nobody at all is fine too. */
        int flag = 1, go = 1;
        if (me == 0 && np > 1) {
            int one = 1;
            group = of_ranks(1, &one);
            MPI_Win_post(group, 0, w.win);
            MPI_Win_test(w.win, &flag);
            require(!flag);
            MPI_Send(&go, 1, MPI_INT, 1, 0, MPI_COMM_WORLD);
            await(w.win, 1);
            require(mine[50] == 51);
            MPI_Group_free(&group);
        } else if (me == 1) {
            int zero = 0;
            group = of_ranks(1, &zero);
            MPI_Win_start(group, 0, w.win);
            value = 51;
            MPI_Put(&value, 1, MPI_INT64_T, 0, disp(&w, 0, 8 * 50), 1, MPI_INT64_T, w.win);
            MPI_Recv(&go, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            MPI_Win_complete(w.win);
            MPI_Group_free(&group);
        }
        MPI_Win_post(MPI_GROUP_EMPTY, 0, w.win);
        MPI_Win_start(MPI_GROUP_EMPTY, 0, w.win);
        MPI_Win_complete(w.win);
        MPI_Win_wait(w.win);
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
