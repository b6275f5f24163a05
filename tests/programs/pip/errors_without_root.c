/* In a process that is neither root nor task every function says EPERM, before pip_init() and after pip_fin(); what
 * needs no root works.
 * @modes process */
#include "check.h"

static void all_refuse(void) {
  pip_spawn_program_t program;
  pip_barrier_t barrier;
  char *argv[] = {"true", NULL};
  void *pointer = &barrier;
  int number = 5;
  pip_id_t id;
  sigset_t set;
  sigemptyset(&set);
  EQ(pip_is_initialized(), 0);
  EQ(pip_isa_root(), 0);
  EQ(pip_isa_task(), 0);
  SAME(pip_get_mode_str(), NULL);
  EQ(pip_fin(), EPERM);
  pip_spawn_from_main(&program, "true", argv, NULL, NULL);
  EQ(pip_task_spawn(&program, PIP_CPUCORE_ASIS, 0, &number, NULL), EPERM);
  EQ(pip_spawn("true", argv, NULL, PIP_CPUCORE_ASIS, &number, NULL, NULL, NULL), EPERM);
  EQ(pip_export(pointer), EPERM);
  EQ(pip_import(PIP_PIPID_ROOT, &pointer), EPERM);
  EQ(pip_named_export(pointer, "name"), EPERM);
  EQ(pip_named_import(PIP_PIPID_ROOT, &pointer, "name"), EPERM);
  EQ(pip_named_tryimport(PIP_PIPID_ROOT, &pointer, "name"), EPERM);
  EQ(pip_set_aux(NULL), EPERM);
  EQ(pip_get_aux(&pointer), EPERM);
  EQ(pip_get_addr(PIP_PIPID_ROOT, "main", &pointer), EPERM);
  EQ(pip_wait(0, &number), EPERM);
  EQ(pip_trywait(0, &number), EPERM);
  EQ(pip_wait_any(&number, &number), EPERM);
  EQ(pip_trywait_any(&number, &number), EPERM);
  EQ(pip_get_pipid(&number), EPERM);
  EQ(pip_get_ntasks(&number), EPERM);
  EQ(pip_get_mode(&number), EPERM);
  EQ(pip_get_system_id(PIP_PIPID_ROOT, &id), EPERM);
  EQ(pip_is_threaded(&number), EPERM);
  EQ(pip_is_shared_fd(&number), EPERM);
  EQ(pip_kill_all_child_tasks(), EPERM);
  EQ(pip_kill_all_tasks(), EPERM);
  EQ(pip_kill(PIP_PIPID_SELF, 0), EPERM);
  EQ(pip_sigmask(SIG_BLOCK, &set, NULL), EPERM);
  EQ(pip_signal_wait(SIGUSR1), EPERM);
  EQ(pip_barrier_init(&barrier, 1), EPERM);
  memset(&barrier, 0, sizeof barrier);
  EQ(pip_barrier_wait(&barrier), EPERM);
  EQ(pip_barrier_fin(&barrier), EPERM);
  EQ(number, 5);
  CHECK(pointer == &barrier);
}

int main(void) {
  EQ(pip_task_spawn(NULL, 0, 0, NULL, NULL), EINVAL); /* these two come before EPERM */
  EQ(pip_spawn(NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL), EINVAL);
  all_refuse();
  EQ(pip_gettid(), gettid());
  CHECK(pip_gettime() > 1.7e9);
  EQ(pip_yield(PIP_YIELD_DEFAULT), 0);
  EQ(pip_init(NULL, NULL, NULL, PIP_OPTS_NONE), 0);
  EQ(pip_isa_root(), 1);
  EQ(pip_fin(), 0);
  all_refuse();
  if (done() == 0) pip_exit(0);
  return 1;
}
