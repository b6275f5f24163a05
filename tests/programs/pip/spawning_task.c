/* A task may spawn tasks: they are the root's, which waits for them; they outlive the task that spawned them. */
#include "check.h"

struct shared {
  volatile int grandchildren, spawned[3], parent_may_end, child_may_end;
};

static struct shared shared;

int main(int argc, char **argv) {
  void *pointer = NULL;
  int id = -1;
  if (argc > 1 && strcmp(argv[1], "end") == 0) return 0;
  if (argc > 1) {
    self = argv[0];
    EQ(pip_get_aux(&pointer), 0);
    EQ(pip_get_pipid(&id), 0);
    struct shared *all = pointer;
    aux = all;
    if (strcmp(argv[1], "child") == 0) {
      add(&all->grandchildren, 1);
      CHECK(pip_import(PIP_PIPID_ROOT, &pointer) == 0 && pointer == all);
      EQ(pip_isa_task(), 1);
      await(&all->child_may_end, 1);
      return 30 + id + failures;
    }
    for (int i = 0; i < 2; i++) all->spawned[i] = start("child", NULL);
    char *words[] = {self, "end", NULL};
    int wanted = 7;
    EQ(pip_spawn(self, words, NULL, PIP_CPUCORE_ASIS, &wanted, NULL, NULL, NULL), 0);
    EQ(wanted, 7);
    int taken = id;
    EQ(pip_spawn(self, words, NULL, PIP_CPUCORE_ASIS, &taken, NULL, NULL, NULL), EAGAIN);
    EQ(pip_spawn("/nowhere", words, NULL, PIP_CPUCORE_ASIS, &(int){8}, NULL, NULL, NULL), ENOENT);
    EQ(pip_wait(all->spawned[0], NULL), EPERM);
    await(&all->grandchildren, 2);
    set(&all->spawned[2], 1);
    await(&all->parent_may_end, 1);
    return finish();
  }
  begin(argv, 10);
  EQ(pip_export(&shared), 0);
  aux = &shared;
  int parent = start("parent", NULL), status;
  await(&shared.spawned[2], 1);
  EQ(result(7), EXITED(0));
  EQ(pip_trywait(shared.spawned[0], NULL), ECHILD);
  set(&shared.parent_may_end, 1);
  EQ(result(parent), EXITED(0));
  nap(50);
  EQ(pip_trywait(shared.spawned[0], NULL), ECHILD); /* alive, though the parent is not */
  EQ(pip_fin(), EBUSY);
  set(&shared.child_may_end, 1);
  for (int i = 0; i < 2; i++) {
    int id = -1;
    EQ(pip_wait_any(&id, &status), 0);
    EQ(status, EXITED(30 + id));
  }
  EQ(pip_wait_any(NULL, NULL), ECHILD);
  EQ(pip_fin(), 0);
  return done();
}
