/* The MPI_Count functions, MPI_BOTTOM with absolute addresses, partial elements, and 64 MiB in one message.
 * @np 2 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Count big = 64 << 20, count;
    char *data = malloc(big);
    MPI_Status status;
    if (me == 0) memset(data, 3, big), MPI_Send_c(data, big, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
    else {
        memset(data, 0, big);
        MPI_Recv_c(data, big, MPI_BYTE, 0, 0, MPI_COMM_WORLD, &status);
        MPI_Get_count_c(&status, MPI_BYTE, &count);
        require(data[0] == 3 && data[big - 1] == 3 && data[big / 2 + 12345] == 3);
        printf("%lld bytes\n", (long long)count);
    }
    struct { int a; double b[3]; } s = {me ? 0 : 4, {me ? 0 : 1.5, 2.5, me ? 0 : 3.5}};
    MPI_Aint places[2];
    int lengths[2] = {1, 3}, elements, wholes;
    MPI_Datatype parts[2] = {MPI_INT, MPI_DOUBLE}, type;
    MPI_Get_address(&s.a, &places[0]), MPI_Get_address(s.b, &places[1]);
    MPI_Type_create_struct(2, lengths, places, parts, &type);
    MPI_Type_commit(&type);
    if (me == 0) MPI_Send(MPI_BOTTOM, 1, type, 1, 1, MPI_COMM_WORLD);
    else MPI_Recv(MPI_BOTTOM, 1, type, 0, 1, MPI_COMM_WORLD, &status), printf("%d %.1f %.1f\n", s.a, s.b[0], s.b[2]);
    MPI_Datatype triple;
    MPI_Type_contiguous(3, MPI_INT, &triple);
    MPI_Type_commit(&triple);
    int numbers[30] = {0};
    if (me == 0) MPI_Send(numbers, 7, MPI_INT, 1, 2, MPI_COMM_WORLD);
    else {
        MPI_Recv(numbers, 10, triple, 0, 2, MPI_COMM_WORLD, &status);
        MPI_Get_elements(&status, triple, &elements), MPI_Get_count(&status, triple, &wholes);
        printf("%d elements, undefined %d\n", elements, wholes == MPI_UNDEFINED);
    }
    MPI_Finalize();
    return 0;
}
