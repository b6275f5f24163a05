/* Sendrecv and Sendrecv_replace around a ring, in all sizes, with derived types, and to oneself.
 * @np 1 2 5 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char data[1 << 20];
    int right = (me + 1) % np, left = (me + np - 1) % np;
    MPI_Status status;
    for (int bytes = 1; bytes <= 1 << 20; bytes *= 4) {
        fill(data, bytes, me);
        MPI_Sendrecv_replace(data, bytes, MPI_BYTE, right, 1, left, 1, MPI_COMM_WORLD, &status);
        require(is_filled(data, bytes, left) && status.MPI_SOURCE == left);
    }
    MPI_Datatype column;
    MPI_Type_vector(100, 1, 100, MPI_INT, &column);
    MPI_Type_commit(&column);
    static int matrix[100][100], other[100][100];
    for (int i = 0; i < 100; i++) matrix[i][3] = me * 1000 + i;
    MPI_Sendrecv_replace(&matrix[0][3], 1, column, right, 2, left, MPI_ANY_TAG, MPI_COMM_WORLD, &status);
    MPI_Sendrecv(&matrix[0][3], 1, column, left, 3, &other[0][0], 100, MPI_INT, right, 3, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    for (int i = 0; i < 100; i++) require(matrix[i][3] == left * 1000 + i && other[0][i] == me * 1000 + i);
    MPI_Request request;
    fill(data, 1000, right); /* goes right, and comes to me from left */
    MPI_Isendrecv_replace(data, 1000, MPI_BYTE, right, 5, left, 5, MPI_COMM_WORLD, &request);
    MPI_Wait(&request, &status);
    require(is_filled(data, 1000, me));
    puts("right");
    MPI_Type_free(&column);
    MPI_Finalize();
    return 0;
}
