/* Hooks are the root's functions with the root's variables, run with the new task's PID and descriptors; the status is
 * made of the task's and of what they return. */
#include "check.h"
#include <sys/mman.h>

struct note {
  volatile int before, after;
  int before_result, after_result;
  pid_t pid_before, tid_before, pid_after, tid_after, tid_main;
  int descriptor, was_open, private_descriptor;
  volatile int main_ran;
  char *allocated;
};

static int variable = 1;
static __thread int own = 7;

static int before(void *arg) {
  struct note *note = arg;
  add(&note->before, 1);
  note->pid_before = getpid();
  note->tid_before = gettid();
  note->was_open = fcntl(note->descriptor, F_GETFD) == FD_CLOEXEC;
  note->private_descriptor = open("/dev/null", O_RDONLY);
  /* The root's libc works here: its heap, its stdio, its errno, its thread-locals. */
  note->allocated = strdup("by the before-hook");
  errno = 0;
  if (close(-1) != -1 || errno != EBADF || own != 7) return 99;
  char text[32];
  snprintf(text, sizeof text, "%d %.2f", note->before_result, 1.5);
  variable++;
  return note->before_result;
}

static int after(void *arg) {
  struct note *note = arg;
  add(&note->after, 1);
  note->pid_after = getpid();
  note->tid_after = gettid();
  free(note->allocated);
  if (own != 7) return 98;
  return note->after_result;
}

static int role(const char *role, struct note *note) {
  int flags = fcntl(note->descriptor, F_GETFD);
  set(&note->main_ran, 1);
  note->tid_main = gettid();
  EQ(variable, 1); /* the task's own */
  EQ(note->before, 1);
  EQ(note->after, 0);
  EQ(flags, threads() ? FD_CLOEXEC : -1);
  CHECK(fcntl(note->private_descriptor, F_GETFD) >= 0); /* without FD_CLOEXEC it stays */
  if (failures != 0) return 50 + failures;
  if (strcmp(role, "exit") == 0) exit(3);
  if (strcmp(role, "pip_exit") == 0) pip_exit(3);
  if (strcmp(role, "_exit") == 0) _exit(3);
  if (strcmp(role, "pthread_exit") == 0) pthread_exit(NULL);
  if (strcmp(role, "term") == 0) raise(SIGTERM);
  if (strcmp(role, "segv") == 0) *(volatile int *)8 = 1;
  if (strcmp(role, "abort") == 0) abort();
  return strcmp(role, "zero") == 0 ? 0 : 3;
}

static void run(const char *role, int before_result, int after_result, int status, int after_calls) {
  struct note note = {0};
  pip_spawn_hook_t hook;
  int earlier = variable;
  note.before_result = before_result;
  note.after_result = after_result;
  note.descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
  pip_spawn_hook(&hook, before, after, &note);
  hooks = &hook;
  aux = &note;
  int id = start(role, NULL), got = result(id);
  fprintf(stderr, "[%s, before %d, after %d: status %#x]\n", role, before_result, after_result, got);
  EQ(got, status);
  EQ(note.before, 1);
  EQ(note.after, after_calls);
  EQ(variable, earlier + 1);
  EQ(note.was_open, 1);
  EQ(note.main_ran, before_result == 0);
  CHECK(note.tid_before != gettid());
  EQ(note.pid_before == getpid(), threads());
  if (note.main_ran) EQ(note.tid_main, note.tid_before);
  if (after_calls) EQ(note.tid_after, note.tid_before);
  if (after_calls) EQ(note.pid_after, note.pid_before);
  EQ(fcntl(note.descriptor, F_GETFD), FD_CLOEXEC); /* still the root's */
  EQ(fcntl(note.private_descriptor, F_GETFD) >= 0, threads());
  close(note.descriptor);
  if (threads()) close(note.private_descriptor);
}

static int redirect(void *arg) { return dup2(*(int *)arg, 1) == 1 ? 0 : 1; }

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "print") == 0) return puts("into the file") < 0;
  if (argc > 1) {
    void *note = NULL;
    EQ(pip_get_aux(&note), 0);
    return role(argv[1], note);
  }
  begin(argv, 2);
  run("return", 0, 0, EXITED(3), 1);
  run("exit", 0, 0, EXITED(3), 1);
  run("pip_exit", 0, 0, EXITED(3), 1);
  run("pthread_exit", 0, 0, EXITED(0), 1);
  run("_exit", 0, 0, EXITED(3), 0);
  run("term", 0, 0, KILLED(SIGTERM), 1);
  run("segv", 0, 0, KILLED(SIGSEGV), 1);
  run("zero", 0, 5, EXITED(5), 1);       /* what the after-hook returns, since main returned 0 */
  run("return", 0, 5, EXITED(3), 1);     /* but not instead of another value */
  run("pthread_exit", 0, 6, EXITED(6), 1);
  run("return", 8, 0, EXITED(8), 1);     /* main is not called */
  run("return", 8, 5, EXITED(8), 1);
  run("return", 256 + 9, 0, EXITED(9), 1);

  if (!threads()) { /* what hooks are for: descriptors of the task */
    char text[32] = "";
    int file = memfd_create("output", 0);
    pip_spawn_hook_t hook;
    pip_spawn_hook(&hook, redirect, NULL, &file);
    hooks = &hook;
    EQ(result(start("print", NULL)), EXITED(0));
    EQ(pread(file, text, sizeof text, 0), 14);
    SAME(text, "into the file\n");
  }
  return done();
}
