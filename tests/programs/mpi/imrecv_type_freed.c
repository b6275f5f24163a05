/* A datatype freed right behind MPI_Imrecv, while the sender may still be copying by it.
 * @np 2
 * @limit 60 */
#include "test.h"
#define BLOCKS 20000
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static int places[BLOCKS], out[3 * BLOCKS], in[3 * BLOCKS];
    for (int i = 0; i < BLOCKS; i++) places[i] = 3 * i + (i * i) % 2; /* uneven distances: a list of blocks */
    for (int round = 0; round < 200; round++) {
        if (me == 0) {
            for (int i = 0; i < BLOCKS; i++) out[i] = i * 7 + round;
            MPI_Send(out, BLOCKS, MPI_INT, 1, 0, MPI_COMM_WORLD);
            continue;
        }
        MPI_Datatype type, other;
        MPI_Message message;
        MPI_Request request;
        memset(in, 0xff, sizeof in);
        MPI_Type_create_indexed_block(BLOCKS, 1, places, MPI_INT, &type);
        MPI_Type_commit(&type);
        MPI_Mprobe(0, 0, MPI_COMM_WORLD, &message, MPI_STATUS_IGNORE);
        MPI_Imrecv(in, 1, type, &message, &request);
        MPI_Type_free(&type);
        void *memory = malloc(BLOCKS * 32); /* over what the freed type may have left */
        memset(memory, 0x7f, BLOCKS * 32);
        MPI_Type_contiguous(3, MPI_INT, &other);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
        for (int i = 0; i < BLOCKS; i++) require(in[places[i]] == i * 7 + round);
        MPI_Type_free(&other);
        free(memory);
    }
    puts("done");
    MPI_Finalize();
    return 0;
}
