/* Put and get of structures of several basic types, among them arrays of structures into structures of arrays.
 * @np 1 2 */
#include "windows.h"
#define CELLS 10
typedef struct { char tag; double value; int id[3]; short last; } Cell;
typedef struct { char tag[CELLS]; double value[CELLS]; int id[3 * CELLS]; short last[CELLS]; } Columns;

int main(int argc, char **argv) {
    begin(&argc, &argv);
    int right = (me + 1) % np, left = (me + np - 1) % np;
    MPI_Datatype cell, cells, columns[CELLS], all;
    MPI_Datatype parts[] = {MPI_CHAR, MPI_DOUBLE, MPI_INT, MPI_SHORT};
    int lengths[] = {1, 1, 3, 1};
    MPI_Aint places[] = {offsetof(Cell, tag), offsetof(Cell, value), offsetof(Cell, id), offsetof(Cell, last)};
    MPI_Type_create_struct(4, lengths, places, parts, &cell);
    MPI_Type_create_resized(cell, 0, sizeof(Cell), &cells);
    MPI_Type_commit(&cells);
    /* The same sequence of basic types, in columns. */
    MPI_Aint where[CELLS];
    int ones[CELLS];
    for (int i = 0; i < CELLS; i++) {
        MPI_Aint of_column[] = {offsetof(Columns, tag) + i, offsetof(Columns, value) + 8 * i, offsetof(Columns, id) + 12 * i,
                                offsetof(Columns, last) + 2 * i};
        MPI_Type_create_struct(4, lengths, of_column, parts, &columns[i]);
        where[i] = 0, ones[i] = 1;
    }
    MPI_Type_create_struct(CELLS, ones, where, columns, &all);
    MPI_Type_commit(&all);
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, sizeof(Columns), 1, MPI_COMM_WORLD);
        Cell given[CELLS], got[CELLS];
        memset(got, 0, sizeof got);
        for (int i = 0; i < CELLS; i++) given[i] = (Cell){(char)(i + me), me + i / 4.0, {i, me, i * me}, (short)(i - me)};
        MPI_Win_fence(0, w.win);
        MPI_Put(given, CELLS, cells, right, disp(&w, right, 0), 1, all, w.win);
        MPI_Win_fence(0, w.win);
        const Columns *found = (const Columns *)w.base;
        for (int i = 0; i < CELLS; i++) {
            require(found->tag[i] == (char)(i + left) && found->value[i] == left + i / 4.0);
            require(found->id[3 * i] == i && found->id[3 * i + 1] == left && found->id[3 * i + 2] == i * left);
            require(found->last[i] == (short)(i - left));
        }
        MPI_Get(got, CELLS, cells, right, disp(&w, right, 0), 1, all, w.win);
        MPI_Win_fence(0, w.win);
        for (int i = 0; i < CELLS; i++)
            require(got[i].tag == given[i].tag && got[i].value == given[i].value && got[i].id[2] == given[i].id[2] && got[i].last == given[i].last);
        window_free(&w);
        passed(kind_names[kind]);
    }
    for (int i = 0; i < CELLS; i++) MPI_Type_free(&columns[i]);
    MPI_Type_free(&cell), MPI_Type_free(&cells), MPI_Type_free(&all);
    MPI_Finalize();
    return 0;
}
