/* MPI-IO, which calls point-to-point functions within the library: collective writes and reads of interleaved blocks.
 * @np 2 4 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    char name[200] = "/tmp/pip-tests-XXXXXX";
    if (me == 0) close(mkstemp(name));
    MPI_Bcast(name, sizeof name, MPI_CHAR, 0, MPI_COMM_WORLD);
    MPI_File file;
    MPI_Datatype view;
    enum { BLOCKS = 200, BLOCK = 50 };
    static int out[BLOCKS * BLOCK], in[BLOCKS * BLOCK];
    for (int i = 0; i < BLOCKS * BLOCK; i++) out[i] = me * 1000000 + i;
    MPI_Type_vector(BLOCKS, BLOCK, BLOCK * np, MPI_INT, &view);
    MPI_Type_commit(&view);
    MPI_File_open(MPI_COMM_WORLD, name, MPI_MODE_RDWR | MPI_MODE_CREATE, MPI_INFO_NULL, &file);
    MPI_File_set_view(file, (MPI_Offset)me * BLOCK * sizeof(int), MPI_INT, view, "native", MPI_INFO_NULL);
    MPI_File_write_all(file, out, BLOCKS * BLOCK, MPI_INT, MPI_STATUS_IGNORE);
    MPI_File_sync(file);
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_File_set_view(file, (MPI_Offset)((me + 1) % np) * BLOCK * sizeof(int), MPI_INT, view, "native", MPI_INFO_NULL);
    MPI_Status status;
    int count;
    MPI_File_read_all(file, in, BLOCKS * BLOCK, MPI_INT, &status);
    MPI_Get_count(&status, MPI_INT, &count);
    for (int i = 0; i < BLOCKS * BLOCK; i++) require(in[i] == (me + 1) % np * 1000000 + i);
    MPI_Request request;
    MPI_File_seek(file, 0, MPI_SEEK_SET);
    MPI_File_iread(file, in, 10, MPI_INT, &request);
    MPI_Wait(&request, &status);
    MPI_Offset size;
    MPI_File_get_size(file, &size);
    printf("%d read, file of %lld bytes\n", count, (long long)size);
    MPI_File_close(&file);
    MPI_Type_free(&view);
    if (me == 0) unlink(name);
    MPI_Finalize();
    return 0;
}
