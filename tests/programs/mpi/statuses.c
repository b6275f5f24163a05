/* What statuses of messages tell: elements of partial structures, counts of other types, conversions, large counts, setters.
 * @np 2 */
#include "test.h"
#include <stddef.h>
int main(int argc, char **argv) {
    begin(&argc, &argv);
    struct Cell { double x[2]; int n; char c; } cells[50] = {{{0}}};
    int lengths[3] = {2, 1, 1}, count, elements, flag;
    MPI_Aint at[3] = {offsetof(struct Cell, x), offsetof(struct Cell, n), offsetof(struct Cell, c)};
    MPI_Datatype parts[3] = {MPI_DOUBLE, MPI_INT, MPI_CHAR}, packed, cell, pairs, doubles;
    MPI_Type_create_struct(3, lengths, at, parts, &packed);
    MPI_Type_create_resized(packed, 0, sizeof(struct Cell), &cell);
    MPI_Type_contiguous(2, MPI_DOUBLE_INT, &pairs);
    MPI_Type_contiguous(0, MPI_DOUBLE, &doubles);
    MPI_Type_commit(&cell), MPI_Type_commit(&pairs), MPI_Type_commit(&doubles);
    MPI_Datatype types[] = {cell, pairs, doubles, MPI_BYTE, MPI_INT, MPI_DOUBLE, MPI_DOUBLE_INT, MPI_LONG_DOUBLE, MPI_PACKED};
    int sizes[] = {0, 1, 8, 12, 16, 20, 21, 29, 37, 42, 60, 1050};
    for (int i = 0; i < (int)(sizeof sizes / sizeof *sizes); i++) {
        MPI_Status s[4];
        memset(s, 0, sizeof s); /* stock leaves the cancelled bit of a status from MPI_Mprobe alone */
        MPI_Request request;
        MPI_Message message;
        static char data[1050];
        if (me == 0) for (int k = 0; k < 4; k++) MPI_Send(data, sizes[i], MPI_BYTE, 1, k, MPI_COMM_WORLD);
        else {
            MPI_Recv(cells, 1050, MPI_BYTE, 0, 0, MPI_COMM_WORLD, &s[0]);
            MPI_Irecv(cells, 1050, MPI_BYTE, 0, 1, MPI_COMM_WORLD, &request), MPI_Wait(&request, &s[1]);
            MPI_Probe(0, 2, MPI_COMM_WORLD, &s[2]);
            MPI_Recv(cells, 1050, MPI_BYTE, 0, 2, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            MPI_Mprobe(0, 3, MPI_COMM_WORLD, &message, &s[3]), MPI_Mrecv(cells, 1050, MPI_BYTE, &message, MPI_STATUS_IGNORE);
            for (int k = 0; k < 4; k++) {
                printf("%d bytes, way %d:", sizes[i], k);
                for (int t = 0; t < (int)(sizeof types / sizeof *types); t++) {
                    MPI_Count large, many;
                    MPI_Get_count(&s[k], types[t], &count), MPI_Get_elements(&s[k], types[t], &elements);
                    MPI_Get_count_c(&s[k], types[t], &large), MPI_Get_elements_x(&s[k], types[t], &many);
                    require((count == MPI_UNDEFINED ? large == MPI_UNDEFINED : large == count) && many == elements);
                    MPI_Get_elements_c(&s[k], types[t], &many);
                    require(many == elements);
                    if (count == MPI_UNDEFINED) printf(" -/%d", elements);
                    else printf(" %d/%d", count, elements);
                }
                printf("\n");
                MPI_Fint fortran[MPI_F_STATUS_SIZE];
                MPI_Status back = {0};
                MPI_Status_c2f(&s[k], fortran), MPI_Status_f2c(fortran, &back);
                MPI_Get_count(&back, MPI_BYTE, &count), MPI_Test_cancelled(&back, &flag);
                require(back.MPI_TAG == k && back.MPI_SOURCE == 0 && count == sizes[i] && !flag);
            }
            MPI_Status_set_elements_x(&s[0], MPI_INT, 5000000000), MPI_Status_set_cancelled(&s[0], 1);
            MPI_Count large;
            MPI_Get_elements_x(&s[0], MPI_INT, &large), MPI_Get_count(&s[0], MPI_INT, &count), MPI_Test_cancelled(&s[0], &flag);
            require(large == 5000000000 && count == MPI_UNDEFINED && flag);
        }
    }
    puts("passed");
    MPI_Finalize();
    return 0;
}
