/* One program with a fixed address can be a task at a time; another one is refused while it lives.
 * @modes process
 * @with fixed_task.c */
#include "check.h"

int main(int argc, char **argv) {
  char *fixed = getenv("FIXED_TASK"), *sleeps[] = {"fixed", "60", NULL}, *ends[] = {"fixed", NULL};
  if (argc > 1) return 3;
  begin(argv, 3);
  for (int round = 0; round < 2; round++) {
    int id = PIP_PIPID_ANY, other = PIP_PIPID_ANY;
    EQ(pip_spawn(fixed, sleeps, NULL, PIP_CPUCORE_ASIS, &id, NULL, NULL, NULL), 0);
    EQ(pip_spawn(fixed, ends, NULL, PIP_CPUCORE_ASIS, &other, NULL, NULL, NULL), ELIBEXEC);
    EQ(result(start("ordinary", NULL)), EXITED(3));
    EQ(pip_kill(id, SIGKILL), 0);
    EQ(result(id), KILLED(SIGKILL));
    other = PIP_PIPID_ANY;
    EQ(pip_spawn(fixed, ends, NULL, PIP_CPUCORE_ASIS, &other, NULL, NULL, NULL), 0);
    EQ(result(other), EXITED(7));
  }
  return done();
}
