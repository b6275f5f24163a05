/* One message of more than 2 GiB through the large-count functions, from a window of memory that repeats itself.
 * @np 2
 * @limit 60 */
#define _GNU_SOURCE
#include "test.h"
#include <sys/mman.h>
#define PIECE (1L << 24)
#define PIECES 132L /* 2.06 GiB */
#define BYTES (PIECE * PIECES + 5)
/* Address space for the whole message, memory for one piece of it. */
static char *window(int key) {
    int file = memfd_create("piece", 0);
    if (ftruncate(file, PIECE)) failed("ftruncate", __FILE__, __LINE__);
    char *start = mmap(NULL, PIECE * (PIECES + 1), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (long i = 0; i <= PIECES; i++) mmap(start + i * PIECE, PIECE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
    close(file);
    memset(start, 0, PIECE), fill(start, 4096, key);
    return start;
}
int main(int argc, char **argv) {
    begin(&argc, &argv);
    char *data = window(me == 0 ? 3 : 4);
    MPI_Status status;
    MPI_Count count;
    int small;
    if (me == 0) MPI_Send_c(data, BYTES, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
    else {
        MPI_Probe(0, 0, MPI_COMM_WORLD, &status);
        MPI_Get_count_c(&status, MPI_BYTE, &count), MPI_Get_count(&status, MPI_BYTE, &small);
        printf("probed %lld, %s\n", (long long)count, small == MPI_UNDEFINED ? "too many for an int" : "?");
        MPI_Recv_c(data, BYTES, MPI_BYTE, 0, 0, MPI_COMM_WORLD, &status);
        MPI_Get_count_c(&status, MPI_BYTE, &count);
        printf("received %lld, %s\n", (long long)count, is_filled(data, 4096, 3) ? "right" : "wrong");
    }
    MPI_Finalize();
    return 0;
}
