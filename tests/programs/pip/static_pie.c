/* A static PIE is a task like others, in process mode: own variables, exact status, killed, beside ordinary tasks.
 * @modes process
 * @with static_task.c */
#include "check.h"

int main(int argc, char **argv) {
  int ids[4];
  char *words[] = {"static", "task", NULL};
  if (argc > 1) return 3;
  begin(argv, 5);
  setenv("NAME", "x", 1);
  for (int i = 0; i < 4; i++) {
    ids[i] = PIP_PIPID_ANY;
    EQ(pip_spawn(getenv("STATIC_TASK"), words, NULL, PIP_CPUCORE_ASIS, &ids[i], NULL, NULL, NULL), 0);
  }
  EQ(result(start("ordinary", NULL)), EXITED(3));
  for (int i = 0; i < 4; i++) EQ(result(ids[i]), EXITED(18));
  return done();
}
