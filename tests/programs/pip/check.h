/* For the programs of this folder: checks that say what was wrong and go on, and starting the program itself as a task
 * in another role. A root ends with `return done()`, which prints the number of checks for the runner; so may a task,
 * whose failures then are its exit status. */
#ifndef CHECK_H
#define CHECK_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int checks, failures;

static inline void report(int right, const char *file, int line, const char *what, const char *values) {
  __atomic_add_fetch(&checks, 1, __ATOMIC_RELAXED);
  if (right) return;
  __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
  fprintf(stderr, "%s:%d: %s%s\n", file, line, what, values);
}

static inline void equal_(long a, long b, const char *file, int line, const char *what) {
  char values[80];
  snprintf(values, sizeof values, ": %ld (%#lx), %ld (%#lx)", a, a, b, b);
  report(a == b, file, line, what, values);
}

static inline void same_(const char *a, const char *b, const char *file, int line, const char *what) {
  char values[2000];
  snprintf(values, sizeof values, ": \"%s\", \"%s\"", a ? a : "(null)", b ? b : "(null)");
  report(a == b || (a && b && strcmp(a, b) == 0), file, line, what, values);
}

#define CHECK(C) report((C) != 0, __FILE__, __LINE__, #C, "")
#define EQ(A, B) equal_((long)(A), (long)(B), __FILE__, __LINE__, #A " should be " #B)
#define SAME(A, B) same_(A, B, __FILE__, __LINE__, #A " should be " #B)

/* The status that wait functions report. */
#define EXITED(CODE) (((CODE) & 0xff) << 8)
#define KILLED(SIGNAL) (SIGNAL)

/* What main() returns: 0 if all checks were right. */
static inline int finish(void) { return failures < 100 ? failures : 100; }

static inline void nap(long milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  nanosleep(&time, NULL);
}

/* Waits until another task or thread made `*word` at least `value`; for ten seconds, then it is a failure. */
static inline void await(volatile int *word, int value) {
  for (int i = 0; __atomic_load_n(word, __ATOMIC_SEQ_CST) < value; i++) {
    if (i == 10000) {
      fprintf(stderr, "after ten seconds a word is %d instead of %d\n", *word, value);
      failures++;
      return;
    }
    nap(1);
  }
}

static inline void set(volatile int *word, int value) { __atomic_store_n(word, value, __ATOMIC_SEQ_CST); }
static inline int add(volatile int *word, int value) { return __atomic_add_fetch(word, value, __ATOMIC_SEQ_CST); }
static inline int get(volatile int *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }

/* Programs that are tasks without knowing it leave the interface out. */
#ifndef WITHOUT_PIP
#include <pip/pip.h>

/* The arguments and the environment of the next start(), if not the usual ones. */
static char *self;
static pip_spawn_hook_t *hooks;
static void *aux;

/* The last thing a root does. */
static inline int done(void) {
  if (failures == 0 && pip_isa_task() == 0) printf("%d checks\n", checks);
  fflush(NULL);
  return finish();
}

/* Is this thread mode? */
static inline int threads(void) {
  int flag = -1;
  EQ(pip_is_threaded(&flag), 0);
  return flag;
}

/* Makes the process a root for `count` tasks, or ends it. */
static inline void begin(char **argv, int count) {
  int error = pip_init(NULL, &count, NULL, 0);
  self = argv[0];
  if (error == 0) return;
  fprintf(stderr, "pip_init: %s\n", strerror(error));
  exit(99);
}

/* Starts this program as a task with one or two arguments; its pipid. */
static inline int start(const char *role, const char *more) {
  char *argv[] = {self, (char *)role, (char *)more, NULL};
  pip_spawn_program_t program;
  int id = PIP_PIPID_ANY;
  pip_spawn_from_main(&program, self, argv, NULL, aux);
  int error = pip_task_spawn(&program, PIP_CPUCORE_ASIS, 0, &id, hooks);
  if (error == 0) return id;
  fprintf(stderr, "task '%s' of %s cannot be spawned: %s\n", role, self, strerror(error));
  fflush(NULL);
  _exit(98);
}

/* Waits for a task: its status, or -1; whether it left a core file does not matter. */
static inline int result(int id) {
  int status = -1;
  EQ(pip_wait(id, &status), 0);
  return status & ~0x80;
}
#endif
#endif
