/* Signal handlers, alternate stacks, timers, atexit functions and a deep stack.
 * @tasks 1 8 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile sig_atomic_t alarms, users;

static void on_fault(int signal) { (void)signal; siglongjmp(back, 1); }
static void on_alarm(int signal) { (void)signal; alarms++; }
static void on_user(int signal) { (void)signal; users++; }
static void at_exit(void) { puts("atexit"); }
static int deep(int n) { volatile char frame[1024]; memset((char *)frame, n, sizeof frame); return n == 0 ? 0 : deep(n - 1) + 1 + frame[3] - n; }

int main(void) {
    stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
    sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK};
    sigaction(SIGSEGV, &action, NULL);
    if (sigsetjmp(back, 1) == 0) *(volatile int *)16 = 1;
    else puts("came back from a fault");
    signal(SIGALRM, on_alarm), signal(SIGUSR1, on_user);
    struct itimerval timer = {{0, 2000}, {0, 2000}};
    setitimer(ITIMER_REAL, &timer, NULL);
    while (alarms < 3) pause();
    raise(SIGUSR1), kill(getpid(), SIGUSR1);
    printf("%d users, deep %s\n", (int)users, deep(4000) != 0 ? "done" : "wrong");
    atexit(at_exit);
    return 0;
}
