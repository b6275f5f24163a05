/* A file request completes by MPI_Testall. (Of several at once some are completed twice in stock MPICH 4.0.2, which asserts.)
 * @np 1 2 */
#include "test.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static int out[3000], in[3000];
    char name[] = "/tmp/file_testall.XXXXXX";
    MPI_File file;
    close(mkstemp(name));
    MPI_File_open(MPI_COMM_SELF, name, MPI_MODE_CREATE | MPI_MODE_RDWR | MPI_MODE_DELETE_ON_CLOSE, MPI_INFO_NULL, &file);
    for (int round = 0; round < 3; round++) {
        MPI_Request r[3] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL, MPI_REQUEST_NULL};
        MPI_Status s[3];
        int flag = 0;
        for (int i = 0; i < 3000; i++) out[i] = i + me + round;
        MPI_File_iwrite_at(file, 0, out, 3000, MPI_INT, &r[1]);
        while (!flag) MPI_Testall(3, r, &flag, s);
        require(r[1] == MPI_REQUEST_NULL);
        MPI_File_iread_at(file, 0, in, 3000, MPI_INT, &r[1]);
        for (flag = 0; !flag;) MPI_Testall(3, r, &flag, MPI_STATUSES_IGNORE);
        require(!memcmp(in, out, sizeof out));
    }
    MPI_File_close(&file);
    puts("passed");
    MPI_Finalize();
    return 0;
}
