/* Requests of files, partitioned ones, collectives, windows, and messages complete in one array.
 * (Not by MPI_Testall, and without persistent collectives: stock 4.0.2 fails an assertion or hangs.)
 * @np 2 3 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static int out[20000], in[20000], written[1000], read_back[1000], parts[40], got[40];
    int right = (me + 1) % np, left = (me + np - 1) % np, *memory, one = 1, sum;
    char name[100];
    MPI_File file;
    MPI_Win win;
    MPI_Request r[6];
    MPI_Status s[6];
    int pid = getpid();
    MPI_Bcast(&pid, 1, MPI_INT, 0, MPI_COMM_WORLD);
    snprintf(name, sizeof name, "/tmp/mixed_library.%d", pid);
    MPI_File_open(MPI_COMM_WORLD, name, MPI_MODE_CREATE | MPI_MODE_RDWR | MPI_MODE_DELETE_ON_CLOSE, MPI_INFO_NULL, &file);
    MPI_Win_allocate(1000 * sizeof(int), sizeof(int), MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &win);
    MPI_Psend_init(parts, 4, 10, MPI_INT, right, 1, MPI_COMM_WORLD, MPI_INFO_NULL, &r[1]);
    MPI_Precv_init(got, 4, 10, MPI_INT, left, 1, MPI_COMM_WORLD, MPI_INFO_NULL, &r[2]);
    MPI_Recv_init(in, 20000, MPI_INT, left, 2, MPI_COMM_WORLD, &r[3]);
    MPI_Send_init(out, 20000, MPI_INT, right, 2, MPI_COMM_WORLD, &r[4]);
    for (int round = 0; round < 12; round++) {
        for (int i = 0; i < 20000; i++) out[i] = me + i + round;
        for (int i = 0; i < 40; i++) parts[i] = me * 100 + i + round, got[i] = 0;
        for (int i = 0; i < 1000; i++) written[i] = me + i * round;
        sum = 0;
        MPI_Iallreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD, &r[0]);
        MPI_Startall(4, r + 1); /* the library's and the shim's */
        MPI_File_iwrite_at(file, me * 4000, written, 1000, MPI_INT, &r[5]);
        for (int i = 3; i >= 0; i--) MPI_Pready(i, r[1]);
        if (round % 3 == 0) MPI_Waitall(6, r, s);
        if (round % 3 == 1) for (int index = 0; index != MPI_UNDEFINED;) MPI_Waitany(6, r, &index, s);
        if (round % 3 == 2) for (int some = 0, indices[6]; some != MPI_UNDEFINED;) MPI_Waitsome(6, r, &some, indices, s);
        require(sum == np && r[5] == MPI_REQUEST_NULL && r[4] != MPI_REQUEST_NULL && r[1] != MPI_REQUEST_NULL);
        for (int i = 0; i < 40; i++) require(got[i] == left * 100 + i + round);
        require(in[19999] == left + 19999 + round);
        MPI_Request more[3];
        MPI_Win_lock_all(0, win);
        MPI_Rput(written, 1000, MPI_INT, right, 0, 1000, MPI_INT, win, &more[0]);
        MPI_Irecv(&got, 1, MPI_INT, left, 3, MPI_COMM_WORLD, &more[1]);
        MPI_File_iread_at(file, me * 4000, read_back, 1000, MPI_INT, &more[2]);
        MPI_Send(&me, 1, MPI_INT, right, 3, MPI_COMM_WORLD);
        MPI_Waitall(3, more, MPI_STATUSES_IGNORE);
        MPI_Win_unlock_all(win);
        MPI_Barrier(MPI_COMM_WORLD);
        require(memory[999] == left + 999 * round && read_back[999] == written[999] && got[0] == left);
        MPI_Barrier(MPI_COMM_WORLD);
    }
    for (int i = 1; i < 5; i++) MPI_Request_free(&r[i]);
    MPI_Win_free(&win), MPI_File_close(&file);
    puts("passed");
    MPI_Finalize();
    return 0;
}
