/* MPI_Put, MPI_Get, MPI_Accumulate and MPI_Get_accumulate between any two layouts: what arrives is what MPI_Pack and MPI_Unpack
 * give, and gaps keep their bytes.
 * @np 1 2
 * @limit 60 */
#include "layouts.h"
#define ROOM 4096

static const MPI_Datatype basics[] = {MPI_BYTE, MPI_SHORT, MPI_INT, MPI_DOUBLE};

typedef struct {
    char origin[ROOM], target[ROOM], result[ROOM];
} Memory;

/* What `rank` starts with. */
static void prepare(Memory *memory, int rank, int key) {
    fill(memory->origin, ROOM, key + rank * 3);
    fill(memory->target, ROOM, key + rank * 3 + 1);
    fill(memory->result, ROOM, key + rank * 3 + 2);
}

static void check(Window *w, MPI_Datatype basic, MPI_Datatype from, int from_count, MPI_Datatype to, int to_count, int key) {
    static _Alignas(16) Memory mine, lefts, rights;
    static _Alignas(16) char sum[ROOM], part[ROOM];
    int right = (me + 1) % np, left = (me + np - 1) % np, elements = from_count * TWELVE;
    const MPI_Op op = basic == MPI_DOUBLE ? MPI_REPLACE : MPI_BXOR;
    for (int call = 0; call < 4; call++) {
        prepare(&mine, me, key), prepare(&lefts, left, key), prepare(&rights, right, key);
        memcpy(w->base, mine.target, ROOM);
        MPI_Win_fence(0, w->win);
        MPI_Aint at = disp(w, right, 0);
        if (call == 0) MPI_Put(mine.origin, from_count, from, right, at, to_count, to, w->win);
        if (call == 1) MPI_Get(mine.origin, from_count, from, right, at, to_count, to, w->win);
        if (call == 2) MPI_Accumulate(mine.origin, from_count, from, right, at, to_count, to, op, w->win);
        if (call == 3)
            MPI_Get_accumulate(mine.origin, from_count, from, mine.result, from_count, from, right, at, to_count, to,
                               op, w->win);
        MPI_Win_fence(0, w->win);
        if (call == 1) {
            prepare(&lefts, me, key); /* what this rank itself started with */
            layout_copy(rights.target, to_count, to, lefts.origin, from_count, from);
        } else if (call == 0 || op == MPI_REPLACE) layout_copy(lefts.origin, from_count, from, mine.target, to_count, to);
        else {
            layout_copy(mine.target, to_count, to, sum, elements, basic);
            layout_copy(lefts.origin, from_count, from, part, elements, basic);
            MPI_Reduce_local(part, sum, elements, basic, MPI_BXOR);
            layout_copy(sum, elements, basic, mine.target, to_count, to);
        }
        require(!memcmp(w->base, mine.target, ROOM));
        if (call == 1) require(!memcmp(mine.origin, lefts.origin, ROOM));
        if (call == 3) {
            prepare(&lefts, me, key);
            layout_copy(rights.target, to_count, to, lefts.result, from_count, from);
            require(!memcmp(mine.result, lefts.result, ROOM));
        }
    }
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, ROOM, 1, MPI_COMM_WORLD);
        int key = 1;
        for (int b = 0; b < 4; b++) {
            MPI_Datatype layouts[LAYOUTS];
            for (int i = 0; i < LAYOUTS; i++) layouts[i] = layout_make(i, basics[b]);
            for (int i = 0; i < LAYOUTS; i++)
                for (int j = 0; j < LAYOUTS; j++) {
                    int count = 1 + (i + j + b) % 3;
                    check(&w, basics[b], layouts[i], count, layouts[j], count, key++);
                }
            for (int i = 0; i < LAYOUTS; i++) { /* against the basic type itself, with another count */
                check(&w, basics[b], layouts[i], 2, basics[b], 2 * TWELVE, key++);
            }
            for (int i = 0; i < LAYOUTS; i++) MPI_Type_free(&layouts[i]);
        }
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
