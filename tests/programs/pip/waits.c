/* Waiting is not disturbed by the root's signal handlers, by its own children, or by tasks that stop and go on. */
#include "check.h"
#include <sys/time.h>

static volatile int turn, alarms;

static void on_alarm(int signal) { alarms += signal == SIGALRM; }

static void *release(void *arg) {
  nap(150);
  set(arg, 1);
  return NULL;
}

static void hold(pthread_t *thread, sigset_t *old) {
  sigset_t all; /* the alarms are for the main thread */
  set(&turn, 0);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, old);
  EQ(pthread_create(thread, NULL, release, (void *)&turn), 0);
  pthread_sigmask(SIG_SETMASK, old, NULL);
}

int main(int argc, char **argv) {
  void *pointer;
  int status = 0, id = -1;
  if (argc > 1) {
    static int value = 5;
    if (strcmp(argv[1], "nap") == 0) return nap(atoi(argv[2])), 4;
    pip_get_aux(&pointer);
    await(pointer, 1);
    pip_named_export(&value, "late");
    await(pointer, 2);
    return 6;
  }
  begin(argv, 3);
  aux = (void *)&turn;
  struct sigaction action = {.sa_handler = on_alarm}; /* without SA_RESTART */
  struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
  sigaction(SIGALRM, &action, NULL);
  pthread_t thread;
  sigset_t old;

  for (int round = 0; round < 2; round++) {
    int task = start("nap", "200");
    setitimer(ITIMER_REAL, &often, NULL);
    if (round == 0) EQ(pip_wait(task, &status), 0);
    else EQ(pip_wait_any(&id, &status), 0);
    setitimer(ITIMER_REAL, &never, NULL);
    EQ(status, EXITED(4));
    CHECK(alarms >= 5);
    alarms = 0;
  }
  hold(&thread, &old);
  int task = start("export", NULL);
  setitimer(ITIMER_REAL, &often, NULL);
  EQ(pip_named_import(task, &pointer, "late"), 0);
  setitimer(ITIMER_REAL, &never, NULL);
  EQ(*(int *)pointer, 5);
  CHECK(alarms >= 5);
  set(&turn, 2);
  EQ(result(task), EXITED(6));
  EQ(pthread_join(thread, NULL), 0);

  pid_t child = fork(); /* not a task, and not pip_wait_any()'s to take */
  if (child == 0) _exit(9);
  nap(50);
  EQ(pip_wait_any(NULL, NULL), ECHILD);
  task = start("nap", "100");
  EQ(pip_wait_any(&id, &status), 0);
  EQ(id, task);
  EQ(status, EXITED(4));
  EQ(waitpid(child, &status, 0), child);
  EQ(status, EXITED(9));

  if (!threads()) {
    set(&turn, 0);
    task = start("export", NULL);
    EQ(pip_kill(task, SIGSTOP), 0);
    nap(100);
    set(&turn, 2);
    nap(100);
    EQ(pip_trywait(task, NULL), ECHILD);
    EQ(pip_trywait_any(NULL, NULL), ECHILD);
    EQ(pip_kill(task, SIGCONT), 0);
    EQ(result(task), EXITED(6));
  }
  return done();
}
