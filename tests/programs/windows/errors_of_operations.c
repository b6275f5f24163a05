/* Wrong arguments of put, get and accumulate: the error class, and that nothing was moved.
 * @np 1 2 */
#include "window_errors.h"
static void sum(void *in, void *out, int *count, MPI_Datatype *type) { (void)in, (void)out, (void)count, (void)type; }

int main(int argc, char **argv) {
    begin_errors(&argc, &argv);
    int32_t a[16] = {0}, b[16] = {0};
    int last = np - 1, far = np;
    MPI_Request request;
    MPI_Op own;
    MPI_Datatype uncommitted, none = MPI_DATATYPE_NULL, mixed;
    MPI_Op_create(sum, 1, &own);
    MPI_Type_contiguous(2, MPI_INT, &uncommitted);
    MPI_Type_create_struct(2, (int[]){1, 1}, (MPI_Aint[]){0, 8}, (MPI_Datatype[]){MPI_INT, MPI_DOUBLE}, &mixed);
    MPI_Type_commit(&mixed);
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 64, 1, MPI_COMM_WORLD);
        MPI_Win win = w.win;
        MPI_Aint at = disp(&w, last, 0);
        handle_errors_of(win);
        if (me == 0) printf("%s\n", kind_names[kind]);
        MPI_Win_lock_all(0, win);
        try(MPI_Put(a, -1, MPI_INT, last, at, 1, MPI_INT, win));
        try(MPI_Put(a, 1, MPI_INT, last, at, -1, MPI_INT, win));
        try(MPI_Put(a, 1, MPI_INT, far, at, 1, MPI_INT, win));
        try(MPI_Put(a, 1, MPI_INT, -7, at, 1, MPI_INT, win));
        try(MPI_Put(a, 1, MPI_INT, MPI_ANY_SOURCE, at, 1, MPI_INT, win));
        try(MPI_Put(a, 1, none, last, at, 1, MPI_INT, win));
        try(MPI_Put(a, 1, MPI_INT, last, at, 1, none, win));
        try(MPI_Put(a, 1, uncommitted, last, at, 2, MPI_INT, win));
        try(MPI_Put(a, 2, MPI_INT, last, at, 1, uncommitted, win));
        try(MPI_Put(NULL, 1, MPI_INT, last, at, 1, MPI_INT, win));
        if (kind != DYNAMIC) try(MPI_Put(a, 1, MPI_INT, last, -4, 1, MPI_INT, win));
        try(MPI_Get(b, -1, MPI_INT, last, at, 1, MPI_INT, win));
        try(MPI_Get(b, 1, MPI_INT, last, at, -1, MPI_INT, win));
        try(MPI_Get(b, 1, MPI_INT, far, at, 1, MPI_INT, win));
        try(MPI_Get(b, 1, none, last, at, 1, MPI_INT, win));
        try(MPI_Get(b, 1, uncommitted, last, at, 2, MPI_INT, win));
        try(MPI_Get(NULL, 1, MPI_INT, last, at, 1, MPI_INT, win));
        try(MPI_Accumulate(a, -1, MPI_INT, last, at, 1, MPI_INT, MPI_SUM, win));
        try(MPI_Accumulate(a, 1, MPI_INT, far, at, 1, MPI_INT, MPI_SUM, win));
        try(MPI_Accumulate(a, 1, none, last, at, 1, MPI_INT, MPI_SUM, win));
        try(MPI_Accumulate(a, 1, MPI_INT, last, at, 1, MPI_INT, MPI_OP_NULL, win));
        try(MPI_Accumulate(a, 1, MPI_INT, last, at, 1, MPI_INT, own, win));
        try(MPI_Accumulate(NULL, 1, MPI_INT, last, at, 1, MPI_INT, MPI_SUM, win));
        try(MPI_Get_accumulate(a, 1, MPI_INT, b, 1, MPI_INT, far, at, 1, MPI_INT, MPI_SUM, win));
        try(MPI_Get_accumulate(a, -1, MPI_INT, b, 1, MPI_INT, last, at, 1, MPI_INT, MPI_SUM, win));
        try(MPI_Get_accumulate(a, 1, MPI_INT, b, -1, MPI_INT, last, at, 1, MPI_INT, MPI_SUM, win));
        try(MPI_Get_accumulate(a, 1, MPI_INT, b, 1, none, last, at, 1, MPI_INT, MPI_SUM, win));
        try(MPI_Get_accumulate(a, 1, MPI_INT, b, 1, MPI_INT, last, at, 1, MPI_INT, MPI_OP_NULL, win));
        try(MPI_Get_accumulate(a, 1, MPI_INT, b, 1, MPI_INT, last, at, 1, MPI_INT, own, win));
        try(MPI_Fetch_and_op(a, b, MPI_INT, far, at, MPI_SUM, win));
        try(MPI_Fetch_and_op(a, b, none, last, at, MPI_SUM, win));
        try(MPI_Fetch_and_op(a, b, mixed, last, at, MPI_SUM, win));
        try(MPI_Fetch_and_op(a, b, MPI_INT, last, at, own, win));
        try(MPI_Fetch_and_op(a, b, MPI_INT, last, at, MPI_OP_NULL, win));
        try(MPI_Compare_and_swap(a, a, b, MPI_INT, far, at, win));
        try(MPI_Compare_and_swap(a, a, b, MPI_FLOAT, last, at, win));
        try(MPI_Compare_and_swap(a, a, b, MPI_C_DOUBLE_COMPLEX, last, at, win));
        try(MPI_Compare_and_swap(a, a, b, none, last, at, win));
        try(MPI_Compare_and_swap(a, a, b, uncommitted, last, at, win));
        try(MPI_Rput(a, -1, MPI_INT, last, at, 1, MPI_INT, win, &request));
        try(MPI_Rput(a, 1, MPI_INT, far, at, 1, MPI_INT, win, &request));
        try(MPI_Rput(a, 1, MPI_INT, last, at, 1, MPI_INT, win, NULL));
        try(MPI_Rget(b, 1, none, last, at, 1, MPI_INT, win, &request));
        try(MPI_Raccumulate(a, 1, MPI_INT, last, at, 1, MPI_INT, own, win, &request));
        try(MPI_Rget_accumulate(a, 1, MPI_INT, b, 1, MPI_INT, far, at, 1, MPI_INT, MPI_SUM, win, &request));
        MPI_Win_unlock_all(win);
        MPI_Barrier(MPI_COMM_WORLD);
        for (int i = 0; i < 64; i++) require(w.base[i] == 0);
        for (int i = 0; i < 16; i++) require(b[i] == 0);
        window_free(&w);
    }
    MPI_Op_free(&own), MPI_Type_free(&uncommitted), MPI_Type_free(&mixed);
    MPI_Finalize();
    return 0;
}
