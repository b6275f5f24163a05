/* A datatype may be freed as soon as the call that took it has returned, and its handle be another's then.
 * @np 1 2 */
#include "windows.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int right = (me + 1) % np, left = (me + np - 1) % np;
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 80000, 1, MPI_COMM_WORLD);
        static int out[10000], in[10000], old[10000];
        for (int round = 0; round < 20; round++) {
            MPI_Datatype spread, packed;
            for (int i = 0; i < 10000; i++) out[i] = me * 100000 + i + round, in[i] = old[i] = -1;
            MPI_Type_vector(5000, 1, 2, MPI_INT, &spread), MPI_Type_commit(&spread);
            MPI_Type_contiguous(5000, MPI_INT, &packed), MPI_Type_commit(&packed);
            MPI_Win_fence(0, w.win);
            MPI_Put(out, 1, packed, right, disp(&w, right, 0), 1, spread, w.win);
            MPI_Type_free(&packed);
            MPI_Get_accumulate(out, 1, spread, old, 5000, MPI_INT, right, disp(&w, right, 40000), 5000, MPI_INT, MPI_REPLACE, w.win);
            MPI_Type_free(&spread);
            MPI_Win_fence(0, w.win);
            for (int i = 0; i < 5000; i++) {
                require(((int *)w.base)[2 * i] == left * 100000 + i + round);
                require(((int *)(w.base + 40000))[i] == left * 100000 + 2 * i + round);
                require(old[i] == (round == 0 ? 0 : me * 100000 + 2 * i + round - 1));
            }
            MPI_Type_vector(5000, 1, 2, MPI_INT, &spread), MPI_Type_commit(&spread); /* likely with the same handle */
            MPI_Win_fence(0, w.win);
            MPI_Get(in, 5000, MPI_INT, right, disp(&w, right, 0), 1, spread, w.win);
            MPI_Type_free(&spread);
            MPI_Win_fence(0, w.win);
            for (int i = 0; i < 5000; i++) require(in[i] == me * 100000 + i + round);
        }
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
