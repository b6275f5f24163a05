/* Which ranks share memory, as the MPI library sees it. */
#include <mpi.h>
#include <stdio.h>

int main(int argc, char **argv) {
    int rank, local, size, root;
    MPI_Comm node;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node);
    MPI_Comm_rank(node, &local);
    MPI_Comm_size(node, &size);
    root = rank;
    MPI_Bcast(&root, 1, MPI_INT, 0, node);
    printf("rank %d is %d of %d with %d\n", rank, local, size, root);
    MPI_Comm_free(&node);
    MPI_Finalize();
    return 0;
}
