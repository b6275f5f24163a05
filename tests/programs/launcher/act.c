/* An MPI job whose ranks do what a scenario says. Usage: act SCENARIO [NUMBER] */
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void on_signal(int signal) { /* says so and ends */
    static char text[] = "rank N got signal NN\n";
    text[5] = (char)('0' + atoi(getenv("PMI_RANK")));
    text[18] = (char)('0' + signal / 10), text[19] = (char)('0' + signal % 10);
    if (write(1, text, sizeof text - 1) < 0) _exit(1);
    _exit(0);
}

int main(int argc, char **argv) {
    void *memory;
    int rank, size, *appnum, flag, data = 0;
    const char *what = argc > 1 ? argv[1] : "";
    int number = argc > 2 ? atoi(argv[2]) : 0;
    if (!strcmp(what, "exit-before-init") && !strcmp(getenv("PMI_RANK"), "1")) return number;
    if (!strcmp(what, "wait-without-mpi")) { puts("ready"), fflush(stdout), sleep(1000); }
    MPI_Init(&argc, &argv);
    setvbuf(stdout, malloc(BUFSIZ), _IOLBF, BUFSIZ);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    int last = rank == size - 1;
    if (!strcmp(what, "abort") && last) MPI_Abort(MPI_COMM_WORLD, number);
    if (!strcmp(what, "exit") && last) exit(number);
    if (!strcmp(what, "_exit") && last) _exit(number);
    if (!strcmp(what, "fault") && last) *(volatile int *)16 = 1;
    if (!strcmp(what, "kill") && last) kill(getpid(), number);
    if (!strcmp(what, "close") && last) close(atoi(getenv("PMI_FD"))), sleep(1000);
    if (!strcmp(what, "appnum")) {
        MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_APPNUM, &appnum, &flag);
        printf("rank %d of %d, %s, appnum %d\n", rank, size, argv[2], flag ? *appnum : -1);
    }
    if (!strcmp(what, "handle")) signal(SIGINT, on_signal), signal(SIGTERM, on_signal), signal(SIGUSR1, on_signal);
    if (!strcmp(what, "ignore")) signal(SIGINT, SIG_IGN), signal(SIGTERM, SIG_IGN);
    if (!strcmp(what, "forked") || !strcmp(what, "executed")) { /* a grandchild that outlives the rank and holds its descriptors */
        if (fork() == 0) {
            signal(SIGTERM, SIG_IGN);
            if (!strcmp(what, "executed")) execlp("sleep", "sleep", "1000", NULL);
            sleep(1000), _exit(0);
        }
        if (number) puts("ready"), pause();
    }
    if (!strcmp(what, "wait") || !strcmp(what, "handle") || !strcmp(what, "ignore")) {
        puts("ready");
        if (rank % 2) MPI_Recv(&data, 1, MPI_INT, MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        else for (;;) pause();
    }
    if ((!strcmp(what, "abort") || !strcmp(what, "exit") || !strcmp(what, "_exit") || !strcmp(what, "fault") || !strcmp(what, "kill") || !strcmp(what, "close")) && !last)
        MPI_Recv(&data, 1, MPI_INT, size - 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE); /* never comes */
    if (!strcmp(what, "window")) { /* ends without freeing shared memory */
        MPI_Win win;
        MPI_Win_allocate_shared(1 << 20, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &memory, &win);
        MPI_Barrier(MPI_COMM_WORLD);
        if (last) kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    MPI_Finalize();
    return !strcmp(what, "code") ? rank * number : 0;
}
