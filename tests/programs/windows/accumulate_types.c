/* MPI_Accumulate, MPI_Get_accumulate and MPI_Fetch_and_op: every operation on every predefined datatype that it takes.
 * @without-stock MPICH 4.0.2 compares unsigned integers as if they had a sign
 * @np 1 2
 * @limit 60 */
#include "elements.h"
#define COUNT 5
#define ROOM 256

static void check(Window *w, const Element *element, const Operation *operation, int call, int first) {
    int right = (me + 1) % np, left = (me + np - 1) % np, count = call == 2 ? 1 : COUNT;
    static _Alignas(16) char origin[ROOM], target[ROOM], fetched[ROOM], before[ROOM];
    drawn = (unsigned)(first * 1000 + call * 100 + me); /* every rank can redo what its left neighbour does */
    memset(origin, 0x5a, ROOM), memset(target, 0x5a, ROOM), memset(fetched, 0x5a, ROOM);
    draw_elements(element, origin, COUNT), draw_elements(element, target, COUNT);
    drawn = (unsigned)(first * 1000 + call * 100 + right);
    memset(before, 0x5a, ROOM);
    static _Alignas(16) char unused[ROOM];
    draw_elements(element, unused, COUNT), draw_elements(element, before, COUNT); /* what the right neighbour's memory holds */
    memcpy(w->base, target, ROOM);
    MPI_Win_fence(0, w->win);
    MPI_Aint at = disp(w, right, 0);
    if (call == 0) MPI_Accumulate(origin, count, element->type, right, at, count, element->type, operation->op, w->win);
    if (call == 1)
        MPI_Get_accumulate(origin, count, element->type, fetched, count, element->type, right, at, count, element->type,
                           operation->op, w->win);
    if (call == 2) MPI_Fetch_and_op(origin, fetched, element->type, right, at, operation->op, w->win);
    MPI_Win_fence(0, w->win);
    static _Alignas(16) char sent[ROOM];
    drawn = (unsigned)(first * 1000 + call * 100 + left);
    memset(sent, 0x5a, ROOM);
    draw_elements(element, sent, COUNT);
    model(element, operation, sent, target, count);
    int right_result = equal_elements(element, w->base, target, COUNT);
    int right_fetch = call == 0 || equal_elements(element, fetched, before, count);
    if (!right_result || !right_fetch)
        fprintf(stderr, "%s %s, call %d, %s window: %s\n", element->name, operation->name, call, kind_names[w->kind],
                right_result ? "fetched wrong" : "stored wrong");
    require(right_result && right_fetch);
    MPI_Aint lb, extent;
    MPI_Type_get_extent(element->type, &lb, &extent);
    for (int i = (int)extent * count; i < ROOM; i++) require(w->base[i] == target[i]); /* nothing behind the last element */
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, ROOM, 1, MPI_COMM_WORLD);
        int combinations = 0;
        for (int o = 0; o < OPERATIONS; o++)
            for (int e = 0; e < ELEMENTS; e++)
                for (int call = 0; call < 3; call++) {
                    if (!applies(&operations[o], &elements[e])) continue;
                    if (call == 0 && operations[o].op == MPI_NO_OP) continue;
                    check(&w, &elements[e], &operations[o], call, o * ELEMENTS + e);
                    combinations++;
                }
        window_free(&w);
        if (me == 0) printf("%s: %d combinations right\n", kind_names[kind], combinations);
    }
    MPI_Finalize();
    return 0;
}
