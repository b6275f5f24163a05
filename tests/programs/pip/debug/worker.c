/* A task for the debugger: it waits three functions deep, and its static variable holds its own kernel TID.
 * After `go` was set in it, it passes through checkpoint() for ever. Of several with the argument `crash`, the one that
 * makes the file `crashing` writes through a null pointer.
 * @flags -O0 -g */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int own_tid;
static volatile int go;
static volatile int *nowhere;
static __thread int own_thread_local;

__attribute__((noinline)) static void checkpoint(int round) {
    own_thread_local += round;
}

__attribute__((noinline)) static void innermost(int crash) {
    printf("ready %d\n", own_tid);
    fflush(stdout);
    while (!go && !crash)
        usleep(10000);
    if (crash)
        *nowhere = own_tid;
    for (int round = 0;; round++) {
        checkpoint(round);
        usleep(10000);
    }
}

__attribute__((noinline)) static void middle(int crash) {
    innermost(crash);
    puts("never reached");
}

int main(int argc, char **argv) {
    own_tid = gettid();
    own_thread_local = own_tid;
    int crash = argc > 1 && strcmp(argv[1], "crash") == 0;
    middle(crash && open("crashing", O_CREAT | O_EXCL, 0600) >= 0);
    return 0;
}
