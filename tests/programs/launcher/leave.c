/* Ends as told: exit STATUS, signal NUMBER. Or prints what it was given: cwd, fds, session, cpus, signals. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "exit";
    int number = argc > 2 ? atoi(argv[2]) : 0;
    char folder[4096];
    if (strcmp(what, "signal") == 0) {
        if (number == SIGSEGV) *(volatile int *)8 = 0;
        kill(getpid(), number);
    } else if (strcmp(what, "cwd") == 0) {
        puts(getcwd(folder, sizeof folder));
    } else if (strcmp(what, "fd") == 0) { /* 0 if the descriptor is open, 1 if not */
        return fcntl(number, F_GETFD) < 0;
    } else if (strcmp(what, "read") == 0) { /* its first byte */
        unsigned char byte = 0;
        return read(number, &byte, 1) == 1 ? byte : 255;
    } else if (strcmp(what, "count") == 0) { /* number of descriptors open, without the one that counts */
        int count = 0;
        DIR *all = opendir("/proc/self/fd");
        while (readdir(all)) count++;
        return count - 3;
    } else if (strcmp(what, "session") == 0) {
        return getsid(0) != getpid();
    } else if (strcmp(what, "cpus") == 0) {
        cpu_set_t set;
        sched_getaffinity(0, sizeof set, &set);
        return CPU_COUNT(&set) * 16 + CPU_ISSET(number, &set);
    } else if (strcmp(what, "signals") == 0) { /* blocked or not at their default */
        sigset_t set;
        int count = 0;
        sigprocmask(SIG_BLOCK, NULL, &set);
        for (int s = 1; s < 32; s++) {
            struct sigaction action;
            if (sigismember(&set, s) == 1) count++;
            if (sigaction(s, NULL, &action) == 0 && action.sa_handler != SIG_DFL) count++;
        }
        return count;
    } else if (strcmp(what, "sleep") == 0) {
        puts("asleep"), fflush(stdout);
        sleep(1000);
    }
    return number;
}
