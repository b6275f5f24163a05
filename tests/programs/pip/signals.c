/* Signals from anybody to anybody: handlers run in the task that was meant, with its variables; waiting for one. */
#include "check.h"

static volatile int *turn;
static volatile sig_atomic_t handled;
static volatile pid_t by;

static void handler(int signal) {
  handled = signal;
  by = gettid();
}

static void await_handler(int signal) {
  for (int i = 0; i < 10000 && handled != signal; i++) nap(1);
  EQ(handled, signal);
  EQ(by, gettid());
  handled = 0;
}

static int task(int id) {
  sigset_t set, old;
  /* In thread mode dispositions belong to all: one task sets them for itself at a time. */
  struct sigaction action = {.sa_handler = handler};
  if (!threads() || id == 0) {
    sigaction(SIGUSR1, &action, NULL);
    add(turn, 1);
    await_handler(SIGUSR1);
    EQ(pip_kill(PIP_PIPID_SELF, SIGUSR1), 0);
    await_handler(SIGUSR1);
  } else {
    add(turn, 1);
  }
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  EQ(pip_sigmask(SIG_BLOCK, &set, &old), 0);
  EQ(sigismember(&old, SIGUSR2), 0);
  EQ(pip_sigmask(SIG_BLOCK, NULL, &old), 0);
  EQ(sigismember(&old, SIGUSR2), 1);
  EQ(pip_sigmask(77, &set, NULL), EINVAL);
  add(turn, 1);
  EQ(pip_signal_wait(SIGUSR2), 0);
  add(turn, 1);
  EQ(pip_signal_wait(SIGUSR2), 0); /* from the neighbour */
  add(turn, 1);
  if (id == 0) EQ(pip_kill(PIP_PIPID_ROOT, SIGUSR2), 0);
  EQ(pip_signal_wait(-1), EINVAL);
  EQ(pip_signal_wait(1000), EINVAL);
  return finish();
}

int main(int argc, char **argv) {
  static volatile int word;
  sigset_t set;
  if (argc > 1) {
    void *pointer;
    pip_get_aux(&pointer);
    turn = pointer;
    if (strcmp(argv[1], "neighbour") == 0) return pip_kill(0, SIGUSR2) || pip_kill(1, SIGUSR2);
    return task(atoi(argv[1]));
  }
  begin(argv, 3);
  aux = (void *)&word;
  start("0", NULL);
  start("1", NULL);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  EQ(pip_sigmask(SIG_BLOCK, &set, NULL), 0);
  await(&word, 2);
  pip_id_t id0 = 0, id1 = 0;
  EQ(pip_get_system_id(0, &id0), 0);
  EQ(pip_get_system_id(1, &id1), 0);
  CHECK(id0 != 0 && id1 != 0 && id0 != id1);
  EQ(pip_kill(0, SIGUSR1), 0);
  if (!threads()) EQ(pip_kill(1, SIGUSR1), 0);
  await(&word, 4);
  EQ(handled, 0); /* not here */
  EQ(pip_kill(0, SIGUSR2), 0);
  EQ(pip_kill(1, SIGUSR2), 0);
  await(&word, 6);
  int neighbour = start("neighbour", NULL);
  EQ(result(neighbour), EXITED(0));
  EQ(pip_signal_wait(SIGUSR2), 0);
  EQ(result(0), EXITED(0));
  EQ(result(1), EXITED(0));
  return done();
}
