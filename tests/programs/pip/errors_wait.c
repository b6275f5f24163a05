/* What the waiting functions refuse in the root, and what a status pointer may be. */
#include "check.h"

static int wait_without_status(int id) { return pip_wait(id, NULL); }
static int try_without_status(int id) { return pip_trywait(id, NULL); }

static void refusals(int (*call)(int)) {
  EQ(call(PIP_PIPID_ANY), EINVAL);
  EQ(call(PIP_PIPID_NULL), EINVAL);
  EQ(call(-1), ERANGE);
  EQ(call(3), ERANGE);
  EQ(call(PIP_PIPID_ROOT), EDEADLK);
  EQ(call(PIP_PIPID_MYSELF), EDEADLK);
  EQ(call(2), ECHILD); /* never spawned */
}

int main(int argc, char **argv) {
  int id = 77, status = 77;
  if (argc > 1) {
    if (strcmp(argv[1], "sleep") == 0) pause();
    return 6;
  }
  begin(argv, 3);
  refusals(wait_without_status);
  refusals(try_without_status);
  EQ(pip_wait_any(&id, &status), ECHILD);
  EQ(pip_trywait_any(&id, &status), ECHILD);
  EQ(id, 77);
  EQ(status, 77);

  int task = start("sleep", NULL);
  EQ(pip_trywait(task, &status), ECHILD); /* still running */
  EQ(pip_trywait_any(&id, &status), ECHILD);
  EQ(status, 77);
  EQ(pip_kill(task, SIGTERM), 0);
  EQ(pip_wait(task, NULL), 0);
  EQ(pip_wait(task, NULL), ECHILD); /* already waited for */
  EQ(pip_trywait(task, NULL), ECHILD);

  start("end", NULL);
  EQ(pip_wait_any(NULL, NULL), 0);
  task = start("end", NULL);
  for (int i = 0; i < 10000 && pip_trywait_any(NULL, &status) == ECHILD; i++) nap(1);
  EQ(status, EXITED(6));
  task = start("end", NULL);
  for (int i = 0; i < 10000 && (status = pip_trywait(task, NULL)) == ECHILD; i++) nap(1);
  EQ(status, 0);
  EQ(pip_wait_any(NULL, NULL), ECHILD);
  EQ(pip_fin(), 0);
  return done();
}
