/* MPI_Comm_spawn and MPI_Comm_spawn_multiple of itself; parents and children count each other, and messages go both ways. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int together(MPI_Comm inter, int high) {
    MPI_Comm all;
    int sum = 0, one = 1;
    MPI_Intercomm_merge(inter, high, &all);
    MPI_Allreduce(&one, &sum, 1, MPI_INT, MPI_SUM, all);
    MPI_Comm_free(&all);
    return sum;
}

int main(int argc, char **argv) {
    static char data[300000];
    char here[1000];
    int rank, size, *appnum, flag, codes[3], children;
    MPI_Comm parent, inter;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_get_parent(&parent);
    if (parent != MPI_COMM_NULL) {
        MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_APPNUM, &appnum, &flag);
        MPI_Recv(data, sizeof data, MPI_CHAR, 0, 3, parent, MPI_STATUS_IGNORE);
        MPI_Send(data, 1, MPI_CHAR, 0, 4, parent);
        printf("child %d of %d, appnum %d, in %s, argument %s, byte %d, together %d\n", rank, size, flag ? *appnum : -1,
               getcwd(here, sizeof here), argc > 1 ? argv[1] : "none", data[sizeof data - 1], together(parent, 1));
        MPI_Comm_disconnect(&parent);
        MPI_Finalize();
        return 0;
    }
    char *args[] = {"x y", "--a=b", NULL}, *programs[] = {argv[0], argv[0]}, **lists[] = {args, MPI_ARGV_NULL};
    int counts[] = {1, 2};
    MPI_Info info, infos[] = {MPI_INFO_NULL, MPI_INFO_NULL};
    MPI_Info_create(&info);
    MPI_Info_set(info, "wdir", "/");
    infos[0] = info;
    for (int round = 0; round < 2; round++) {
        if (round == 0) MPI_Comm_spawn(argv[0], args, 2, info, 0, MPI_COMM_WORLD, &inter, codes);
        else MPI_Comm_spawn_multiple(2, programs, lists, counts, infos, 0, MPI_COMM_WORLD, &inter, codes);
        MPI_Comm_remote_size(inter, &children);
        for (int child = 0; child < children && rank == 0; child++) {
            memset(data, child + 1, sizeof data);
            MPI_Send(data, sizeof data, MPI_CHAR, child, 3, inter);
            MPI_Recv(data, 1, MPI_CHAR, MPI_ANY_SOURCE, 4, inter, MPI_STATUS_IGNORE);
        }
        printf("parent %d: %d children, together %d\n", rank, children, together(inter, 0));
        MPI_Comm_disconnect(&inter);
    }
    MPI_Info_free(&info);
    MPI_Finalize();
    return 0;
}
