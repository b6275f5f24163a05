/* Long messages of derived datatypes with few and with very many blocks, sent and received in other types than each other, from and to
 * absolute addresses, too long for their receive, and with types that are freed before the message comes.
 * @np 2 */
#include "test.h"
#define SPAN 400000
enum { BYTES, BLOCKS, FEW, MANY, ABSOLUTE, KINDS };
static unsigned char memory[SPAN];

/* A type of 120,000 bytes in all; where it begins and how many of it. */
static MPI_Datatype make(int kind, void **base, int *count) {
    MPI_Datatype type, old;
    MPI_Aint at[1500];
    int len[1500];
    *base = memory, *count = 1;
    switch (kind) {
        case BYTES: MPI_Type_contiguous(120000, MPI_BYTE, &type); break;
        case BLOCKS: MPI_Type_vector(3000, 40, 100, MPI_BYTE, &type); break;
        case FEW:
            *count = 3000;
            for (int i = 0; i < 3; i++) at[i] = 70 - 33 * i, len[i] = 13 + (i == 2);
            MPI_Type_create_hindexed(3, len, at, MPI_BYTE, &old);
            MPI_Type_create_resized(old, 0, 120, &type), MPI_Type_free(&old);
            break;
        default: /* blocks of 79, 80 and 81 bytes at uneven distances, from the back */
            for (int i = 0; i < 1500; i++) at[i] = (1499 - i) * 200 + i % 7, len[i] = 79 + i % 3;
            if (kind == ABSOLUTE) {
                MPI_Aint start;
                MPI_Get_address(memory, &start);
                for (int i = 0; i < 1500; i++) at[i] += start;
                *base = MPI_BOTTOM;
            }
            MPI_Type_create_hindexed(1500, len, at, MPI_BYTE, &type);
    }
    MPI_Type_commit(&type);
    return type;
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    static unsigned char row[120000];
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    for (int out = 0; out < KINDS; out++)
        for (int in = 0; in < KINDS; in++)
            for (int way = 0; way < 3; way++) { /* posted early, posted late, a message that is too long */
                int count, size, position = 0, longer = way == 2, error = MPI_SUCCESS, go = 0;
                int kind = me == 0 ? out : in;
                void *base;
                MPI_Datatype packed = make(kind == ABSOLUTE ? MANY : kind, &base, &count); /* MPICH packs nothing from MPI_BOTTOM */
                MPI_Datatype type = make(kind, &base, &count);
                MPI_Request request;
                MPI_Type_size(type, &size), require(size * count >= 119000 && size * count <= 121000);
                if (me == 0) {
                    fill(row, sizeof row, out * 10 + in), memset(memory, 0, SPAN);
                    MPI_Unpack(row, sizeof row, &position, memory, count, packed, MPI_COMM_WORLD);
                    if (way == 0) MPI_Recv(&go, 1, MPI_INT, 1, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
                    MPI_Isend(base, count, type, 1, 0, MPI_COMM_WORLD, &request);
                    MPI_Type_free(&type);
                    if (way == 1) MPI_Send(&go, 1, MPI_INT, 1, 1, MPI_COMM_WORLD);
                    MPI_Wait(&request, MPI_STATUS_IGNORE);
                } else {
                    if (way == 1) MPI_Recv(&go, 1, MPI_INT, 0, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
                    memset(memory, 0, SPAN);
                    if (longer) MPI_Irecv(memory, 100, MPI_BYTE, 0, 0, MPI_COMM_WORLD, &request);
                    else MPI_Irecv(base, count, type, 0, 0, MPI_COMM_WORLD, &request);
                    MPI_Type_free(&type);
                    if (way == 0) MPI_Send(&go, 1, MPI_INT, 0, 1, MPI_COMM_WORLD);
                    error = MPI_Wait(&request, MPI_STATUS_IGNORE);
                    if (longer) require(!strcmp(class_of(error), "truncate"));
                    else if (error == MPI_SUCCESS) {
                        memset(row, 0, sizeof row);
                        MPI_Pack(memory, count, packed, row, sizeof row, &position, MPI_COMM_WORLD);
                        require(is_filled(row, position < 119000 ? position : 119000, out * 10 + in));
                    }
                }
                MPI_Type_free(&packed);
            }
    if (me == 0) puts("passed");
    MPI_Finalize();
    return 0;
}
