/* Every way to end has its exact status in both modes, and ends one task only: others, and the root, go on. */
#include "check.h"

static volatile int beat;

__attribute__((noinline)) static void deeper(int depth) {
  char frame[256];
  memset(frame, depth, sizeof frame);
  if (depth == 0) pip_exit(17);
  deeper(depth - 1);
  if (frame[0] == 77) puts("never");
}

static void at_end(void) { _exit(19); }
static void at_end_too(void) { pip_exit(20); }

static void *in_thread(void *how) {
  if (strcmp(how, "thread_exit") == 0) exit(21);
  if (strcmp(how, "thread_pip_exit") == 0) pip_exit(22);
  if (strcmp(how, "thread_segv") == 0) *(volatile int *)16 = 1;
  return NULL;
}

static int task(const char *how) {
  pthread_t thread;
  if (strcmp(how, "nested") == 0) deeper(100);
  if (strcmp(how, "_exit_in_atexit") == 0) atexit(at_end), exit(1);
  if (strcmp(how, "pip_exit_in_atexit") == 0) atexit(at_end_too), exit(1);
  if (strncmp(how, "thread_", 7) == 0) pthread_create(&thread, NULL, in_thread, (void *)how), pause();
  if (strcmp(how, "abort") == 0) abort();
  if (strcmp(how, "segv") == 0) *(volatile int *)8 = 1;
  if (strcmp(how, "trap") == 0) __builtin_trap();
  if (strcmp(how, "stack") == 0) { /* a stack that runs out */
    volatile char *frame = alloca(64 << 20);
    for (long i = (64 << 20) - 1; i >= 0; i -= 4096) frame[i] = 1;
  }
  if (how[0] == '_') _exit(atoi(how + 1));
  if (how[0] == 's') raise(atoi(how + 1));
  return atoi(how);
}

static void expect(const char *how, int status) {
  int before = get(&beat), got = result(start(how, NULL));
  report(got == status, __FILE__, __LINE__, how, "");
  if (got != status) fprintf(stderr, "%s: status %#x instead of %#x\n", how, got, status);
  await(&beat, before + 1); /* the other task is alive */
}

int main(int argc, char **argv) {
  static const int deadly[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGTRAP,
                               SIGBUS,  SIGFPE,  SIGUSR1, SIGSEGV, SIGUSR2,
                               SIGPIPE, SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ,
                               SIGVTALRM, SIGSTKFLT, SIGIO, SIGPWR};
  void *pointer;
  char text[8];
  if (argc > 1 && strcmp(argv[1], "beat") == 0) {
    pip_get_aux(&pointer);
    for (;; nap(1)) add(pointer, 1);
  }
  if (argc > 1) return task(argv[1]);
  begin(argv, 2);
  aux = (void *)&beat;
  int other = start("beat", NULL);
  await(&beat, 1);
  for (int code = 0; code < 256; code += 51) {
    snprintf(text, sizeof text, "%d", code);
    expect(text, EXITED(code));
    snprintf(text, sizeof text, "_%d", code);
    expect(text, EXITED(code));
  }
  expect("_9", EXITED(9)); /* not a signal */
  expect("1000", EXITED(1000));
  expect("nested", EXITED(17));
  expect("_exit_in_atexit", EXITED(19));
  expect("pip_exit_in_atexit", EXITED(20));
  expect("thread_exit", EXITED(21));
  expect("thread_pip_exit", EXITED(22));
  for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
    snprintf(text, sizeof text, "s%d", deadly[i]);
    expect(text, KILLED(deadly[i]));
  }
  expect("segv", KILLED(SIGSEGV));
  expect("thread_segv", KILLED(SIGSEGV));
  expect("trap", KILLED(SIGILL));
  expect("stack", KILLED(SIGSEGV));
  expect("abort", KILLED(SIGABRT));
  if (!threads()) expect("s9", KILLED(SIGKILL));
  EQ(pip_kill(other, SIGTERM), 0);
  EQ(result(other), KILLED(SIGTERM));
  return done();
}
