/* Wrong arguments give the error classes of MPICH, by the communicator's own error handler, and leave the communicator usable.
 * @np 2 3 */
#include "../mpi/report.h"

static void handler(MPI_Comm *comm, int *code, ...) {
    (void)code;
    calls++;
    whose = *comm == MPI_COMM_WORLD ? "MPI_COMM_WORLD" : "a copy";
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Errhandler noting;
    MPI_Comm copy;
    MPI_Comm_dup(MPI_COMM_WORLD, &copy);
    MPI_Comm_create_errhandler(handler, &noting);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, noting), MPI_Comm_set_errhandler(copy, noting);
    int a[64] = {0}, b[64] = {0}, counts[4] = {1, 1, 1, 1}, displs[4] = {0, 1, 2, 3};
    MPI_Datatype raw;
    MPI_Type_contiguous(2, MPI_INT, &raw);
    try(MPI_Bcast(a, -1, MPI_INT, 0, copy));
    try(MPI_Bcast(a, 1, MPI_DATATYPE_NULL, 0, copy));
    try(MPI_Bcast(a, 1, raw, 0, copy));
    try(MPI_Bcast(a, 1, MPI_INT, 9, copy));
    try(MPI_Bcast(a, 1, MPI_INT, -1, copy));
    try(MPI_Bcast(NULL, 1, MPI_INT, 0, copy));
    try(MPI_Bcast(a, 1, MPI_INT, 0, MPI_COMM_NULL));
    try(MPI_Allreduce(a, b, 1, MPI_INT, MPI_OP_NULL, copy));
    try(MPI_Allreduce(a, b, 1, MPI_DOUBLE, MPI_BAND, copy));
    try(MPI_Allreduce(a, a, 1, MPI_INT, MPI_SUM, copy));
    try(MPI_Allreduce(a, MPI_IN_PLACE, 1, MPI_INT, MPI_SUM, copy));
    try(MPI_Reduce(a, b, 1, MPI_INT, MPI_SUM, 7, copy));
    try(MPI_Scan(a, a, 1, MPI_INT, MPI_SUM, copy));
    try(MPI_Gather(a, 1, MPI_INT, b, 1, MPI_INT, np, copy));
    try(MPI_Scatter(a, 1, MPI_INT, b, 1, MPI_INT, -7, copy));
    try(MPI_Allgather(a, 1, MPI_INT, b, -1, MPI_INT, copy));
    try(MPI_Alltoall(a, 1, MPI_INT, b, 1, MPI_DATATYPE_NULL, copy));
    counts[0] = -2;
    try(MPI_Allgatherv(a, 1, MPI_INT, b, counts, displs, MPI_INT, copy));
    try(MPI_Alltoallv(a, counts, displs, MPI_INT, b, counts, displs, MPI_INT, copy));
    MPI_Request request = MPI_REQUEST_NULL;
    try(MPI_Ibcast(a, 1, MPI_INT, 11, copy, &request));
    try(MPI_Iallreduce(a, b, 1, MPI_INT, MPI_OP_NULL, copy, &request));
    try(MPI_Ibarrier(MPI_COMM_NULL, &request));
    int sum = 0, one = 1;
    require(MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, copy) == MPI_SUCCESS && sum == np);
    require(MPI_Barrier(MPI_COMM_WORLD) == MPI_SUCCESS);
    MPI_Type_free(&raw), MPI_Errhandler_free(&noting), MPI_Comm_free(&copy);
    MPI_Finalize();
    return 0;
}
