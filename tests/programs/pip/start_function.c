/* A task may start at any function of its program; its argument is a pointer, its result the exit status.
 * @with function.c */
#include "check.h"

static int run(char *name, void *arg, char **envv) {
  pip_spawn_program_t program;
  int id = PIP_PIPID_ANY;
  pip_spawn_from_func(&program, getenv("FUNCTION"), name, arg, envv, NULL);
  EQ(pip_task_spawn(&program, PIP_CPUCORE_ASIS, 0, &id, NULL), 0);
  return result(id);
}

int main(int argc, char **argv) {
  int number = 5;
  begin(argv, 4);
  for (int i = 0; i < 3; i++) EQ(run("global_function", "argument", NULL), EXITED(0));
  EQ(run("local_function", &number, NULL), EXITED(25));
  EQ(run("hidden_function", &number, NULL), EXITED(30));
  EQ(number == getpid(), threads()); /* the function wrote its PID */
  EQ(run("exits", NULL, NULL), EXITED(40));
  EQ(run("exits", &number, NULL), EXITED(41));
  char *envv[] = {"ONLY_HERE=value", NULL};
  EQ(run("environment", "value", envv), EXITED(0));
  EQ(run("environment", "value", NULL), EXITED(1));
  EQ(pip_fin(), 0);
  return done() + (argc > 1);
}
