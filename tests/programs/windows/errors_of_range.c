/* Operations beyond a rank's memory in the window are refused with MPI_ERR_RMA_RANGE, and what was there stays.
 * @without-stock MPICH 4.0.2 writes there, and may crash
 * @np 1 2 */
#include "window_errors.h"

#define refused(call) (calls = 0, check_refused(call, __LINE__))

static void check_refused(int code, int line) {
    int class;
    MPI_Error_class(code, &class);
    if (class != MPI_ERR_RMA_RANGE) fprintf(stderr, "line %d: error class %d\n", line, class);
    require(class == MPI_ERR_RMA_RANGE && calls == 1);
}

int main(int argc, char **argv) {
    begin_errors(&argc, &argv);
    static int a[64], b[64];
    MPI_Datatype wide, above;
    MPI_Type_vector(2, 1, 16, MPI_INT, &wide); /* from 0 to 68 bytes */
    MPI_Type_create_hindexed(1, (int[]){1}, (MPI_Aint[]){64}, MPI_INT, &above);
    MPI_Type_commit(&wide), MPI_Type_commit(&above);
    for (Kind kind = CREATE; kind <= SHARED; kind++) {
        Window w = window_make(kind, 64, 1, MPI_COMM_WORLD);
        MPI_Win win = w.win;
        int right = (me + 1) % np;
        handle_errors_of(win);
        memset(w.base, 0x11, 64);
        MPI_Win_fence(0, win);
        refused(MPI_Put(a, 1, MPI_INT, right, 64, 1, MPI_INT, win));
        refused(MPI_Put(a, 1, MPI_INT, right, 61, 1, MPI_INT, win));
        refused(MPI_Put(a, 17, MPI_INT, right, 0, 17, MPI_INT, win));
        refused(MPI_Put(a, 1, MPI_INT, right, (MPI_Aint)1 << 62, 1, MPI_INT, win));
        refused(MPI_Put(a, 2, MPI_INT, right, 0, 1, wide, win));
        refused(MPI_Put(a, 1, MPI_INT, right, 0, 1, above, win));
        refused(MPI_Put_c(a, (MPI_Count)1 << 40, MPI_INT, right, 0, (MPI_Count)1 << 40, MPI_INT, win));
        refused(MPI_Get(b, 1, MPI_INT, right, 61, 1, MPI_INT, win));
        refused(MPI_Get(b, 2, MPI_INT, right, 0, 1, wide, win));
        refused(MPI_Accumulate(a, 17, MPI_INT, right, 0, 17, MPI_INT, MPI_SUM, win));
        refused(MPI_Get_accumulate(a, 1, MPI_INT, b, 1, MPI_INT, right, 64, 1, MPI_INT, MPI_SUM, win));
        refused(MPI_Fetch_and_op(a, b, MPI_INT, right, 62, MPI_SUM, win));
        refused(MPI_Compare_and_swap(a, a, b, MPI_INT, right, 64, win));
        MPI_Win_fence(0, win);
        for (int i = 0; i < 64; i++) require(w.base[i] == 0x11 && b[i] == 0);
        MPI_Win_fence(0, win);
        MPI_Put(a, 16, MPI_INT, right, 0, 16, MPI_INT, win); /* all of it is allowed, and so is nothing at its end */
        MPI_Put(a, 0, MPI_INT, right, 64, 0, MPI_INT, win);
        MPI_Win_fence(0, win);
        for (int i = 0; i < 64; i++) require(w.base[i] == 0);
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Type_free(&wide), MPI_Type_free(&above);
    MPI_Finalize();
    return 0;
}
