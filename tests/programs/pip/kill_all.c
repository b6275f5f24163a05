/* pip_kill_all_child_tasks() ends all tasks, and the root lives and waits for them. */
#include "check.h"

int main(int argc, char **argv) {
  static volatile int alive;
  void *pointer;
  if (argc > 1) {
    pip_get_aux(&pointer);
    add(pointer, 1);
    for (;;) pause();
  }
  begin(argv, 4);
  aux = (void *)&alive;
  for (int round = 1; round <= 2; round++) {
    for (int i = 0; i < 4; i++) start("task", NULL);
    await(&alive, 4 * round);
    EQ(round == 1 ? pip_kill_all_child_tasks() : pip_kill_all_tasks(), 0);
    for (int i = 0; i < 4; i++) {
      int status = result(i);
      CHECK(WIFSIGNALED(status));
      if (!threads()) EQ(WTERMSIG(status), SIGKILL);
    }
  }
  EQ(pip_kill_all_child_tasks(), 0); /* none is left */
  EQ(pip_fin(), 0);
  return done();
}
