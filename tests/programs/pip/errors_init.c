/* What pip_init() and pip_fin() refuse, in which order, and what they leave; in a task they do not fail. */
#include "check.h"

static int task(void) {
  int pipid = -1, count = -1;
  void *export = &count;
  EQ(pip_is_initialized(), 1);
  EQ(pip_init(&pipid, &count, &export, 0x8000), 0); /* options are the root's affair */
  EQ(pipid, 0);
  EQ(count, 7);
  CHECK(export != &count && export != NULL);
  SAME(export, "from the root");
  EQ(pip_init(NULL, NULL, NULL, 0), 0);
  EQ(pip_fin(), 0);
  return finish();
}

static int init(int count, int options) { return pip_init(NULL, &count, NULL, options); }

int main(int argc, char **argv) {
  int pipid = 5, count = 7;
  char text[] = "from the root";
  void *export = text;
  sigset_t set, old;
  if (argc > 1) return task();
  EQ(init(0, 0), EINVAL);
  EQ(init(-1, 0), EINVAL);
  EQ(init(0, 0x8000), EINVAL);
  EQ(init(4097, 0), EOVERFLOW);
  EQ(init(1, PIP_MODE_PROCESS_GOT_OBS), EINVAL);
  EQ(init(1, PIP_MODE_PTHREAD | PIP_MODE_PROCESS_PRELOAD), EINVAL);
  EQ(init(1, 0x0200), EINVAL);
  EQ(init(1, 0x2000), EINVAL);
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  EQ(init(1, 0), EPERM);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  EQ(pip_is_initialized(), 0);

  EQ(pip_init(&pipid, &count, &export, 0), 0);
  EQ(pipid, PIP_PIPID_ROOT);
  EQ(count, 7);
  CHECK(export == text);
  EQ(pip_is_initialized(), 1);
  sigprocmask(SIG_BLOCK, NULL, &old);
  EQ(sigismember(&old, SIGCHLD), 1);
  EQ(pip_init(&pipid, &count, NULL, 0), EBUSY);
  EQ(pip_get_ntasks(&count), 0);
  EQ(count, 7);
  EQ(pip_get_ntasks(NULL), 0);

  self = argv[0];
  int id = start("task", NULL);
  EQ(pip_fin(), EBUSY);
  nap(100);
  EQ(pip_fin(), EBUSY); /* ended, but not waited for */
  EQ(result(id), EXITED(0));
  EQ(pip_fin(), 0);
  EQ(pip_fin(), EPERM);

  sigprocmask(SIG_SETMASK, &old, NULL);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  EQ(pip_init(&pipid, NULL, NULL, 0), 0); /* once more, with the default number */
  EQ(pip_get_ntasks(&count), 0);
  EQ(count, PIP_NTASKS_MAX);
  EQ(pip_fin(), 0);
  return done();
}
