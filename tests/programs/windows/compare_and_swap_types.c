/* MPI_Compare_and_swap of all datatypes that it takes: it stores if equal, and fetches what was there in any case.
 * @np 1 2 */
#include "elements.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 64, 1, MPI_COMM_WORLD);
        int right = (me + 1) % np, tried = 0;
        for (int e = 0; e < ELEMENTS; e++) {
            const Element *element = &elements[e];
            if (!strchr("IFLMB", element->class) || element->type == MPI_DATATYPE_NULL) continue;
            _Alignas(8) char old[8] = {1, 1, 1, 1, 1, 1, 1, 1}, new[8] = {0}, wrong[8] = {0}, fetched[8];
            size_t bytes = (size_t)element->bytes[0];
            if (element->class != 'L') memset(old, 0x91, 8), memset(new, 0x7f, 8), memset(wrong, 0x91, 8), wrong[bytes - 1] ^= 1;
            else memset(old + 1, 0, 7);
            memset(w.base, 0x33, 64), memcpy(w.base + 8, old, bytes);
            MPI_Win_fence(0, w.win);
            memset(fetched, 0x44, 8);
            MPI_Compare_and_swap(new, wrong, fetched, element->type, right, disp(&w, right, 8), w.win);
            MPI_Win_fence(0, w.win);
            require(!memcmp(fetched, old, bytes) && !memcmp(w.base + 8, old, bytes));
            for (size_t i = bytes; i < 8; i++) require(fetched[i] == 0x44);
            MPI_Win_fence(0, w.win);
            MPI_Compare_and_swap(new, old, fetched, element->type, right, disp(&w, right, 8), w.win);
            MPI_Win_fence(0, w.win);
            require(!memcmp(fetched, old, bytes) && !memcmp(w.base + 8, new, bytes));
            for (size_t i = 0; i < 64; i++) if (i < 8 || i >= 8 + bytes) require(w.base[i] == 0x33);
            tried++;
        }
        window_free(&w);
        if (me == 0) printf("%s: %d types right\n", kind_names[kind], tried);
    }
    MPI_Finalize();
    return 0;
}
