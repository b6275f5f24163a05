/* pip_get_system_id() and friends: PIDs in process mode, pthread_t in thread mode; the other questions. */
#include "check.h"

struct shared {
  pip_id_t id;
  pid_t pid, tid;
  volatile int turn;
};

int main(int argc, char **argv) {
  static struct shared shared;
  pip_id_t id = 0, root = 0;
  void *pointer;
  char text[64];
  int mode = 0, flag = -1, number = 0;
  if (argc > 1) {
    EQ(pip_get_aux(&pointer), 0);
    struct shared *all = pointer;
    EQ(pip_get_system_id(PIP_PIPID_SELF, &all->id), 0);
    all->pid = getpid();
    all->tid = pip_gettid();
    EQ(all->tid, gettid());
    EQ(all->id, threads() ? (pip_id_t)pthread_self() : (pip_id_t)getpid());
    EQ(pip_get_system_id(PIP_PIPID_ROOT, &root), 0);
    EQ(root == (pip_id_t)getppid(), !threads());
    size_t length = pip_idstr(text, sizeof text);
    EQ(length, strlen(text));
    CHECK(strstr(text, "T0") != NULL);
    EQ(pip_is_shared_fd(&flag), 0);
    EQ(flag, threads());
    EQ(pip_get_ntasks(&number), 0);
    EQ(number, 9);
    EQ(pip_get_mode(&mode), 0);
    EQ(mode == PIP_MODE_PTHREAD, threads());
    set(&all->turn, 1);
    await(&all->turn, 2);
    return finish();
  }
  begin(argv, 9);
  aux = &shared;
  int task = start("task", NULL);
  await(&shared.turn, 1);
  EQ(pip_get_system_id(task, &id), 0);
  EQ(id, shared.id);
  EQ(pip_get_system_id(PIP_PIPID_MYSELF, &root), 0);
  EQ(root, threads() ? (pip_id_t)pthread_self() : (pip_id_t)getpid());
  EQ(shared.pid == getpid(), threads());
  CHECK(shared.tid != gettid());
  if (!threads()) EQ(id, shared.pid);
  EQ(pip_get_pipid(&number), 0);
  EQ(number, PIP_PIPID_ROOT);
  EQ(pip_get_mode(&mode), 0);
  EQ(mode == PIP_MODE_PTHREAD, threads());
  if (threads()) SAME(pip_get_mode_str(), "pthread");
  else CHECK(strncmp(pip_get_mode_str(), "process", 7) == 0);
  CHECK(pip_idstr(text, sizeof text) == strlen(text) && strchr(text, 'R') != NULL);
  CHECK(pip_idstr(text, 2) < 2 && strlen(text) < 2);
  double before = pip_gettime();
  nap(20);
  CHECK(pip_gettime() - before >= 0.019 && pip_gettime() - before < 5);
  for (int yield = PIP_YIELD_DEFAULT; yield <= PIP_YIELD_SYSTEM; yield++) EQ(pip_yield(yield), 0);
  EQ(pip_gettid(), gettid());
  CHECK(pip_is_debug_build() == 0 || pip_is_debug_build() == 1);
  set(&shared.turn, 2);
  EQ(result(task), EXITED(0));
  EQ(pip_get_system_id(task, &id), ESRCH);
  return done();
}
