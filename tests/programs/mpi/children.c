/* A rank that forks, calls system or popen goes on with its messages; its children leave them alone.
 * @np 2 4 */
#include "test.h"
#include <sys/wait.h>
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char out[100000], in[100000];
    int right = (me + 1) % np, left = (me + np - 1) % np, status, total = 0;
    for (int round = 0; round < 5; round++) {
        MPI_Request r[2];
        fill(out, sizeof out, me + round);
        MPI_Irecv(in, sizeof in, MPI_BYTE, left, 0, MPI_COMM_WORLD, &r[0]);
        MPI_Isend(out, sizeof out, MPI_BYTE, right, 0, MPI_COMM_WORLD, &r[1]);
        pid_t child = fork();
        if (child == 0) { memset(out, 0, sizeof out), memset(in, 0, sizeof in); _exit(3); } /* its own copies */
        waitpid(child, &status, 0), total += WEXITSTATUS(status);
        total += WEXITSTATUS(system("exit 4"));
        FILE *pipe = popen("echo 5", "r");
        int number = 0;
        require(pipe && fscanf(pipe, "%d", &number) == 1);
        pclose(pipe), total += number;
        MPI_Waitall(2, r, MPI_STATUSES_IGNORE);
        require(is_filled(in, sizeof in, left + round) && is_filled(out, sizeof out, me + round));
    }
    printf("%d\n", total);
    MPI_Finalize();
    return 0;
}
