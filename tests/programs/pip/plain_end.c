/* A program that knows nothing of PiP: what it prints at its end, and how it ends. Argument: how.
 * @part */
#define WITHOUT_PIP
#include "check.h"

static void first(void) { puts("atexit 1"); }
static void second(void) { puts("atexit 2"); }
static void third(void) { puts("atexit 3"); }
static void late(int status, void *arg) { printf("on_exit %d %s\n", status, (char *)arg); }
static void registers(void) {
  puts("registers another");
  atexit(third);
}
static void ends(void) { puts("exits"), exit(9); }
static void quick(void) { puts("at_quick_exit"), fflush(stdout); }

__attribute__((constructor)) static void begin_first(void) { puts("constructor"); }
__attribute__((destructor)) static void last(void) { puts("destructor"); }

static void *exits(void *arg) { exit(*(int *)arg); }

int main(int argc, char **argv) {
  const char *how = argv[1];
  int code = 8;
  printf("%d arguments: %s %s\n", argc, argv[1], argv[2]);
  atexit(first);
  on_exit(late, "argument");
  atexit(registers);
  atexit(second);
  at_quick_exit(quick);
  if (strcmp(how, "in_atexit") == 0) atexit(ends);
  printf("no newline, not flushed");
  if (strcmp(how, "exit") == 0) exit(7);
  if (strcmp(how, "_exit") == 0) _exit(6);
  if (strcmp(how, "quick_exit") == 0) quick_exit(5);
  if (strcmp(how, "pthread_exit") == 0) pthread_exit(NULL);
  if (strcmp(how, "thread") == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, exits, &code);
    pause();
  }
  if (strcmp(how, "term") == 0) raise(SIGTERM);
  if (strcmp(how, "segv") == 0) *(volatile int *)8 = 1;
  if (strcmp(how, "exec") == 0) {
    fflush(stdout);
    execlp("sh", "sh", "-c", "echo in a shell; exit 12", NULL);
  }
  return strcmp(how, "zero") == 0 ? 0 : 4;
}
