/* Ranks 0 and 1 exchange messages of 8 bytes while all others block in MPI_Recv; prints the time one way. */
#include <mpi.h>
#include <stdio.h>

#define COUNT 20000

int main(int argc, char **argv) {
    int rank, size;
    char data[8] = {0};
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (rank > 1) {
        MPI_Recv(data, 8, MPI_CHAR, 0, 9, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    } else {
        double start = MPI_Wtime();
        for (int i = 0; i < COUNT; i++) {
            if (rank == 0) MPI_Send(data, 8, MPI_CHAR, 1, 1, MPI_COMM_WORLD);
            MPI_Recv(data, 8, MPI_CHAR, 1 - rank, 1, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            if (rank == 1) MPI_Send(data, 8, MPI_CHAR, 0, 1, MPI_COMM_WORLD);
        }
        if (rank == 0) {
            printf("%d ranks: %.2f us one way\n", size, (MPI_Wtime() - start) / COUNT / 2 * 1e6);
            for (int i = 2; i < size; i++) MPI_Send(data, 8, MPI_CHAR, i, 9, MPI_COMM_WORLD);
        }
    }
    MPI_Finalize();
    return 0;
}
