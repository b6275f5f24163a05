/* Rank 0 sends 8 bytes and 1 MiB to rank 1, which has posted nothing before it sleeps. */
#include <mpi.h>
#include <string.h>
#include <unistd.h>

static char data[1 << 20];

int main(int argc, char **argv) {
    int rank;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    memset(data, rank == 0 ? 5 : 0, sizeof data);
    for (int i = 0; i < 2; i++) {
        int size = i == 0 ? 8 : 1 << 20;
        if (rank == 0) MPI_Send(data, size, MPI_BYTE, 1, i, MPI_COMM_WORLD);
        if (rank == 1) usleep(100000), MPI_Recv(data, size, MPI_BYTE, 0, i, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    if (data[(1 << 20) - 1] != 5 && rank < 2) MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Finalize();
    return 0;
}
