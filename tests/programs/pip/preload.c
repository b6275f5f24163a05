/* LD_PRELOAD and $ORIGIN are per task: of the task's environment and of the task's file.
 * @with preload_task.c
 * @with origin_task.c
 * @shared marker.c */
#include "check.h"

static int run(char *path, char *entry) {
  char *argv[] = {"a-name-without-a-folder", NULL}, *envv[] = {"PATH=/bin", entry, NULL};
  int id = PIP_PIPID_ANY;
  EQ(pip_spawn(path, argv, envv, PIP_CPUCORE_ASIS, &id, NULL, NULL, NULL), 0);
  return result(id);
}

int main(int argc, char **argv) {
  char *preload;
  begin(argv, 2);
  if (asprintf(&preload, "LD_PRELOAD=%s", getenv("MARKER")) < 0) return argc;
  EQ(run(getenv("PRELOAD_TASK"), NULL), EXITED(1));
  EQ(run(getenv("PRELOAD_TASK"), preload), EXITED(5));
  EQ(run(getenv("PRELOAD_TASK"), NULL), EXITED(1));
  EQ(run(getenv("ORIGIN_TASK"), NULL), EXITED(6));
  return done();
}
