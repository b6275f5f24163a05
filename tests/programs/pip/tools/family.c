/* A root that starts itself as three tasks; each adds its number to a counter of the root. Prints the sum and the mode. */
#include <pip/pip.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#ifndef TASKS
#define TASKS 3
#endif

static int die(const char *what, int error) {
    fprintf(stderr, "%s: %d\n", what, error);
    exit(99);
}

int main(int argc, char **argv) {
    static int sum;
    int pipid, count = TASKS, error;
    void *exported = &sum;
    if ((error = pip_init(&pipid, &count, &exported, 0)) != 0) die("pip_init", error);
    if (pipid != PIP_PIPID_ROOT) {
        __sync_fetch_and_add((int *)exported, pipid + 1);
        return pipid;
    }
    for (int i = 0; i < TASKS; i++) {
        int id = i;
        if ((error = pip_spawn(argv[0], argv, NULL, PIP_CPUCORE_ASIS, &id, NULL, NULL, NULL)) != 0) die("pip_spawn", error);
    }
    for (int i = 0; i < TASKS; i++) {
        int status;
        if ((error = pip_wait(i, &status)) != 0) die("pip_wait", error);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != i) die("status", status);
    }
    printf("sum %d, %s\n", sum, pip_get_mode_str());
    return pip_fin();
}
