/* MPI_Comm_split_type: what ranks of one node share, by all types and hints, also of a part of them.
 * @np 1 4 */
#include "test.h"
static void show(const char *what, MPI_Comm comm, int error) {
    int size = -1, rank = -1, class = MPI_SUCCESS;
    if (error) MPI_Error_class(error, &class);
    else if (comm != MPI_COMM_NULL) MPI_Comm_size(comm, &size), MPI_Comm_rank(comm, &rank);
    printf("%s: rank %d of %d is %d of %d, error class %d\n", what, me, np, rank, size, class);
    if (!error && comm != MPI_COMM_NULL) MPI_Comm_free(&comm);
}
static void split(const char *what, MPI_Comm comm, int type, const char *key, const char *value) {
    MPI_Comm new = MPI_COMM_NULL;
    MPI_Info info = MPI_INFO_NULL;
    char text[100];
    if (key) MPI_Info_create(&info), MPI_Info_set(info, key, value);
    int error = MPI_Comm_split_type(comm, type, -me, info, &new);
    snprintf(text, sizeof text, "%s %s %s", what, key ? key : "", key ? value : "");
    show(text, new, error);
    if (key) MPI_Info_free(&info);
}
int main(int argc, char **argv) {
    static const char *const hardware[] = {"mpi_shared_memory", "machine", "socket", "numanode", "core", "hwthread", "x", NULL};
    MPI_Comm half;
    begin(&argc, &argv);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_split(MPI_COMM_WORLD, me % 2, me, &half);
    MPI_Comm_set_errhandler(half, MPI_ERRORS_RETURN);
    for (int part = 0; part < 2; part++) {
        MPI_Comm comm = part ? half : MPI_COMM_WORLD;
        split("shared", comm, MPI_COMM_TYPE_SHARED, NULL, NULL);
        split("unguided", comm, MPI_COMM_TYPE_HW_UNGUIDED, NULL, NULL);
        split("guided", comm, MPI_COMM_TYPE_HW_GUIDED, NULL, NULL);
        for (int i = 0; hardware[i]; i++) {
            split("guided", comm, MPI_COMM_TYPE_HW_GUIDED, "mpi_hw_resource_type", hardware[i]);
            split("shared", comm, MPI_COMM_TYPE_SHARED, "shmem_topo", hardware[i]);
        }
        split("some", comm, me == 0 ? MPI_UNDEFINED : MPI_COMM_TYPE_SHARED, NULL, NULL);
        split("some", comm, me == 0 ? MPI_UNDEFINED : MPI_COMM_TYPE_HW_GUIDED, NULL, NULL);
        split("none", comm, MPI_UNDEFINED, NULL, NULL);
        split("wrong", comm, 77, NULL, NULL);
    }
    MPI_Comm_free(&half);
    MPI_Finalize();
    return 0;
}
