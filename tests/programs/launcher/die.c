/* The last rank dies in the middle of a message or collective operation; the others are blocked in calls that need it.
 * Usage: die send|recv|copy|probe|waitall|barrier|lent|collectives kill|fault|exit|abort MILLISECONDS */
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define LONG (64 << 20)
static const char *how;

static void die(int signal) {
    (void)signal;
    if (!strcmp(how, "kill")) kill(getpid(), SIGKILL);
    if (!strcmp(how, "fault")) *(volatile int *)16 = 1;
    if (!strcmp(how, "exit")) _exit(5);
    if (!strcmp(how, "abort")) MPI_Abort(MPI_COMM_WORLD, 7);
}

/* Everything that ranks do in collective operations, until one of them dies. */
static void collectives(char *data, int size) {
    static double sum[5000], own[5000];
    MPI_Request request;
    for (int i = 0;; i++) {
        MPI_Allreduce(own, sum, i % 2 ? 5000 : 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
        MPI_Bcast(data, i % 2 ? 1 << 20 : 8, MPI_BYTE, i % size, MPI_COMM_WORLD);
        MPI_Alltoall(data, i % 2 ? 1 << 16 : 8, MPI_BYTE, data + LONG / 2, i % 2 ? 1 << 16 : 8, MPI_BYTE, MPI_COMM_WORLD);
        MPI_Ireduce(own, sum, 5000, MPI_DOUBLE, MPI_MAX, i % size, MPI_COMM_WORLD, &request);
        MPI_Barrier(MPI_COMM_WORLD);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    }
}

int main(int argc, char **argv) {
    int rank, size, number;
    MPI_Request r[3];
    MPI_Status status;
    if (argc != 4) return 2;
    const char *where = argv[1];
    how = argv[2];
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    char *data = calloc(LONG, 1);
    int victim = size - 1, milliseconds = atoi(argv[3]), copy = !strcmp(where, "copy");
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == victim) {
        struct itimerval once = {{0, 0}, {milliseconds / 1000, milliseconds % 1000 * 1000 + 1}};
        signal(SIGALRM, die);
        setitimer(ITIMER_REAL, &once, NULL);
        if (copy) for (int i = 0;; i++) i % 2 ? MPI_Recv(data, LONG, MPI_BYTE, 0, 1, MPI_COMM_WORLD, &status) : MPI_Send(data, LONG, MPI_BYTE, 0, 1, MPI_COMM_WORLD);
        if (!strcmp(where, "send")) MPI_Send(data, LONG, MPI_BYTE, 0, 9, MPI_COMM_WORLD); /* never received */
        if (!strcmp(where, "recv")) MPI_Recv(data, LONG, MPI_BYTE, 0, 9, MPI_COMM_WORLD, &status);
        if (!strcmp(where, "probe")) MPI_Probe(MPI_ANY_SOURCE, 9, MPI_COMM_WORLD, &status);
        if (!strcmp(where, "lent")) MPI_Bcast(data, LONG, MPI_BYTE, victim, MPI_COMM_WORLD); /* which the others do not reach */
        if (!strcmp(where, "barrier")) MPI_Barrier(MPI_COMM_WORLD);
        if (!strcmp(where, "waitall")) {
            MPI_Irecv(&number, 1, MPI_INT, 0, 9, MPI_COMM_WORLD, &r[0]);
            MPI_Isend(data, LONG, MPI_BYTE, 0, 9, MPI_COMM_WORLD, &r[1]);
            MPI_Ibarrier(MPI_COMM_WORLD, &r[2]);
            MPI_Waitall(3, r, MPI_STATUSES_IGNORE);
        }
    }
    if (!strcmp(where, "collectives")) collectives(data, size);
    if (rank == 0 && copy) for (int i = 0;; i++) i % 2 ? MPI_Send(data, LONG, MPI_BYTE, victim, 1, MPI_COMM_WORLD) : MPI_Recv(data, LONG, MPI_BYTE, victim, 1, MPI_COMM_WORLD, &status);
    if (rank == 0) MPI_Probe(victim, 2, MPI_COMM_WORLD, &status);
    if (rank == 1) MPI_Ssend(data, LONG, MPI_BYTE, victim, 2, MPI_COMM_WORLD);
    if (rank == 2) {
        MPI_Irecv(&number, 1, MPI_INT, victim, 2, MPI_COMM_WORLD, &r[0]);
        MPI_Isend(data, LONG, MPI_BYTE, victim, 2, MPI_COMM_WORLD, &r[1]);
        MPI_Waitall(2, r, MPI_STATUSES_IGNORE);
    }
    if (rank == 3) MPI_Recv(&number, 1, MPI_INT, victim, 2, MPI_COMM_WORLD, &status);
    MPI_Barrier(MPI_COMM_WORLD); /* rank 4 */
    MPI_Finalize();
    return 0;
}
