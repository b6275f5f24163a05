/* Each rank hands a short and a long message on to the next, and all add up their ranks. */
#include <mpi.h>
#include <stdio.h>
#include <string.h>

static char out[1 << 20], in[1 << 20];

int main(int argc, char **argv) {
    int rank, size, sum;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    memset(out, rank + 1, sizeof out);
    for (long length = 8; length <= (long)sizeof out; length <<= 17)
        MPI_Sendrecv(out, (int)length, MPI_CHAR, (rank + 1) % size, 0, in, (int)length, MPI_CHAR, (rank + size - 1) % size, 0,
                     MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    printf("rank %d of %d: %d and %d, sum %d\n", rank, size, in[0], in[sizeof in - 1], sum);
    MPI_Finalize();
    return 0;
}
