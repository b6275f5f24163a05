/* A datatype freed while a message of it is under way, and its handle given to another type at once.
 * @np 2 */
#include "test.h"
#define N 3000
static int from[3 * N], to[3 * N];
/* Every `stride`-th integer, `count` times. */
static MPI_Datatype every(int stride, int count) {
    MPI_Datatype type;
    MPI_Type_vector(count, 1, stride, MPI_INT, &type);
    MPI_Type_commit(&type);
    return type;
}
int main(int argc, char **argv) {
    begin(&argc, &argv);
    int other = 1 - me;
    for (int i = 0; i < 3 * N; i++) from[i] = i;
    for (int round = 0; round < 200; round++) {
        int count = round % 4 == 0 ? 10 : round % 4 == 1 ? 200 : N; /* eager and not */
        MPI_Request r[6];
        memset(to, 0xff, sizeof to);
        MPI_Datatype receive = every(3, count), send = every(2, count);
        MPI_Irecv(to, 1, receive, other, 1, MPI_COMM_WORLD, &r[0]);
        MPI_Recv_init(to + 1, 1, receive, other, 2, MPI_COMM_WORLD, &r[1]);
        MPI_Isend(from, 1, send, other, 1, MPI_COMM_WORLD, &r[2]);
        MPI_Ssend_init(from + 1, 1, send, other, 2, MPI_COMM_WORLD, &r[3]);
        MPI_Type_free(&receive), MPI_Type_free(&send);
        MPI_Datatype next = every(1, count), other_type = every(6, 2); /* other layouts, most likely the same handles */
        MPI_Irecv(to + 2, 1, other_type, other, 3, MPI_COMM_WORLD, &r[4]);
        MPI_Isend(from + 7, 1, other_type, other, 3, MPI_COMM_WORLD, &r[5]);
        MPI_Startall(1, &r[1]), MPI_Startall(1, &r[3]);
        MPI_Waitall(6, r, MPI_STATUSES_IGNORE);
        for (int i = 0; i < count; i++) require(to[3 * i] == 2 * i && to[3 * i + 1] == 2 * i + 1);
        require(to[2] == 7 && to[8] == 13 && to[5] == -1);
        MPI_Request_free(&r[1]), MPI_Request_free(&r[3]);
        MPI_Type_free(&next), MPI_Type_free(&other_type);
    }
    puts("passed");
    /* Packed messages: packed by hand, by the library, and received as what they hold. */
    char buffer[200], text[8] = "seven";
    double numbers[4] = {1, 2, 3, 4};
    int at = 0, n = 4, size;
    MPI_Status status;
    if (me == 0) {
        MPI_Pack(&n, 1, MPI_INT, buffer, sizeof buffer, &at, MPI_COMM_WORLD);
        MPI_Pack(numbers, n, MPI_DOUBLE, buffer, sizeof buffer, &at, MPI_COMM_WORLD);
        MPI_Pack(text, 8, MPI_CHAR, buffer, sizeof buffer, &at, MPI_COMM_WORLD);
        MPI_Send(buffer, at, MPI_PACKED, 1, 7, MPI_COMM_WORLD);
        at = 0, MPI_Pack(numbers, n, MPI_DOUBLE, buffer, sizeof buffer, &at, MPI_COMM_WORLD);
        MPI_Send(buffer, at, MPI_PACKED, 1, 8, MPI_COMM_WORLD);
    } else {
        memset(numbers, 0, sizeof numbers), memset(text, 0, sizeof text), n = 0;
        MPI_Recv(buffer, sizeof buffer, MPI_PACKED, 0, 7, MPI_COMM_WORLD, &status);
        MPI_Get_count(&status, MPI_PACKED, &size);
        MPI_Unpack(buffer, size, &at, &n, 1, MPI_INT, MPI_COMM_WORLD);
        MPI_Unpack(buffer, size, &at, numbers, n, MPI_DOUBLE, MPI_COMM_WORLD);
        MPI_Unpack(buffer, size, &at, text, 8, MPI_CHAR, MPI_COMM_WORLD);
        printf("%d bytes: %d numbers, the last %g, %s\n", size, n, numbers[3], text);
        MPI_Recv(numbers, 4, MPI_DOUBLE, 0, 8, MPI_COMM_WORLD, &status), printf("%g\n", numbers[0]);
    }
    MPI_Finalize();
    return 0;
}
