/* 600 tasks live at the same time, each with its own variable, and all meet.
 * @limit 120 */
#include "check.h"

#define COUNT 600

struct shared {
  volatile int arrived, leave;
  int *variables[COUNT];
};

static int variable = 1;

int main(int argc, char **argv) {
  static struct shared shared;
  void *pointer;
  int id;
  if (argc > 1) {
    if (pip_get_aux(&pointer) != 0 || pip_get_pipid(&id) != 0) return 1;
    struct shared *all = pointer;
    variable += id;
    all->variables[id] = &variable;
    add(&all->arrived, 1);
    while (!get(&all->leave)) nap(100);
    return id % 200;
  }
  begin(argv, COUNT);
  aux = &shared;
  for (int i = 0; i < COUNT; i++) EQ(start("task", NULL), i);
  for (int i = 0; i < 600 && get(&shared.arrived) < COUNT; i++) nap(100);
  EQ(shared.arrived, COUNT);
  for (int i = 0; i < COUNT; i++) EQ(*shared.variables[i], i + 1);
  set(&shared.leave, 1);
  for (int i = 0; i < COUNT; i++) EQ(result(i), EXITED(i % 200));
  EQ(pip_fin(), 0);
  return done();
}
