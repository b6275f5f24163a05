/* A profiler: counts calls of MPI_Send and MPI_Recv, and prints them at MPI_Finalize. */
#include <mpi.h>
#include <stdio.h>

static int sends, receives;

int MPI_Send(const void *buffer, int count, MPI_Datatype type, int dest, int tag, MPI_Comm comm) {
    sends++;
    return PMPI_Send(buffer, count, type, dest, tag, comm);
}

int MPI_Recv(void *buffer, int count, MPI_Datatype type, int source, int tag, MPI_Comm comm, MPI_Status *status) {
    receives++;
    return PMPI_Recv(buffer, count, type, source, tag, comm, status);
}

int MPI_Finalize(void) {
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    printf("%d: %d sends, %d receives\n", rank, sends, receives);
    return PMPI_Finalize();
}
