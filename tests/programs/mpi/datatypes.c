/* Derived types of long messages: a transposed matrix, backward blocks, many small blocks, nested structures, zero sizes.
 * Stock MPICH 4.0.2 over UCX reports truncation for some of them, so each is checked by its own receiver.
 * @np 2
 * @expect transposed
 * @expect backwards
 * @expect blocks
 * @expect structures
 * @expect nothing */
#include "test.h"
#include <stddef.h>
#define N 700
static int from[N][N], to[N][N];
int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Datatype column, columns, type, inner;
    MPI_Type_vector(N, 1, N, MPI_INT, &column);
    MPI_Type_create_resized(column, 0, sizeof(int), &columns);
    MPI_Type_commit(&columns);
    for (int i = 0; i < N; i++) for (int k = 0; k < N; k++) from[i][k] = i * N + k, to[i][k] = -1;
    if (me == 0) MPI_Send(from, N * N, MPI_INT, 1, 0, MPI_COMM_WORLD);
    else {
        MPI_Recv(to, N, columns, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        for (int i = 0; i < N; i++) for (int k = 0; k < N; k++) require(to[k][i] == i * N + k);
        puts("transposed");
    }
    MPI_Type_vector(N, 1, -1, MPI_INT, &type); /* a row from its end */
    MPI_Type_commit(&type);
    if (me == 0) MPI_Send(&from[3][N - 1], 1, type, 1, 1, MPI_COMM_WORLD);
    else {
        MPI_Recv(to[0], N, MPI_INT, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        for (int k = 0; k < N; k++) require(to[0][k] == 3 * N + N - 1 - k);
        puts("backwards");
    }
    static int places[100000];
    for (int i = 0; i < 100000; i++) places[i] = (i % 2 ? 100000 - i : i) * 2; /* no order */
    MPI_Datatype scattered;
    MPI_Type_create_indexed_block(100000, 1, places, MPI_INT, &scattered);
    MPI_Type_commit(&scattered);
    int *flat = &to[0][0];
    if (me == 0) MPI_Ssend(&from[0][0], 1, scattered, 1, 2, MPI_COMM_WORLD);
    else {
        memset(to, 0xff, sizeof to);
        MPI_Recv(flat, 1, scattered, 0, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        for (int i = 0; i < 200000; i++) require(flat[i] == (i % 2 ? -1 : i));
        puts("blocks");
    }
    struct Cell { char tag; double values[3]; short code[2]; } *cells = calloc(5000, sizeof *cells);
    int lengths[3] = {1, 3, 2};
    MPI_Aint at[3] = {offsetof(struct Cell, tag), offsetof(struct Cell, values), offsetof(struct Cell, code)};
    MPI_Datatype parts[3] = {MPI_CHAR, MPI_DOUBLE, MPI_SHORT}, cell;
    MPI_Type_create_struct(3, lengths, at, parts, &inner);
    MPI_Type_create_resized(inner, 0, sizeof(struct Cell), &cell);
    MPI_Datatype every_second;
    MPI_Type_vector(2500, 1, 2, cell, &every_second);
    MPI_Type_commit(&every_second), MPI_Type_commit(&cell);
    for (int i = 0; i < 5000 && me == 0; i++) cells[i] = (struct Cell){(char)i, {i, i + 0.5, -i}, {(short)i, 7}};
    if (me == 0) MPI_Send(cells, 1, every_second, 1, 3, MPI_COMM_WORLD);
    else {
        MPI_Recv(cells, 2500, cell, 0, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        for (int i = 0; i < 2500; i++) require(cells[i].tag == (char)(2 * i) && cells[i].values[1] == 2 * i + 0.5 && cells[i].code[0] == (short)(2 * i));
        puts("structures");
    }
    MPI_Datatype empty;
    MPI_Status status;
    int count;
    MPI_Type_contiguous(0, MPI_INT, &empty);
    MPI_Type_commit(&empty);
    if (me == 0) MPI_Send(NULL, 1000, empty, 1, 4, MPI_COMM_WORLD), MPI_Send(NULL, 0, MPI_INT, 1, 4, MPI_COMM_WORLD);
    else {
        MPI_Recv(NULL, 0, MPI_INT, 0, 4, MPI_COMM_WORLD, &status);
        MPI_Recv(NULL, 5, empty, 0, 4, MPI_COMM_WORLD, &status);
        MPI_Get_count(&status, MPI_INT, &count);
        if (count == 0) puts("nothing");
    }
    MPI_Finalize();
    return 0;
}
