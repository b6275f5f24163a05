/* Arguments and environment are copied when a task is spawned; a null environment stands for the caller's. */
#include "check.h"

extern char **environ;

static int task(int argc, char **argv) {
  EQ(argc, 5);
  SAME(argv[0], "another name");
  SAME(argv[2], "");
  SAME(argv[3], "with spaces  and\n\"quotes\"");
  SAME(argv[4], "at first");
  SAME(argv[5], NULL);
  SAME(getenv("REUSED"), "at first");
  SAME(getenv("ADDED_LATER"), NULL);
  SAME(getenv("DROPPED"), NULL);
  setenv("REUSED", "by the task", 1);
  argv[4][0] = 'A';
  return finish();
}

static int only(void) {
  int count = 0, ours = 0;
  for (char **entry = environ; *entry; entry++) {
    if (strncmp(*entry, "PIP_", 4) == 0 || strncmp(*entry, "LD_", 3) == 0) ours++;
    else count++;
  }
  EQ(count, 2);
  CHECK(ours <= 6); /* what leads the task to its root */
  SAME(getenv("A"), "1");
  SAME(getenv("EMPTY"), "");
  SAME(getenv("PATH"), NULL);
  return finish();
}

int main(int argc, char **argv) {
  static char reused[64];
  if (argc > 1 && strcmp(argv[1], "only") == 0) return only();
  if (argc > 1) return task(argc, argv);
  begin(argv, 8);
  char last[] = "at first", quoted[] = "with spaces  and\n\"quotes\"";
  char *arguments[] = {"another name", "task", "", quoted, last, NULL};
  int ids[4];
  setenv("DROPPED", "x", 1);
  unsetenv("DROPPED");
  for (int i = 0; i < 4; i++) {
    strcpy(reused, "REUSED=at first");
    strcpy(last, "at first");
    putenv(reused);
    ids[i] = PIP_PIPID_ANY;
    EQ(pip_spawn(argv[0], arguments, NULL, PIP_CPUCORE_ASIS, &ids[i], NULL, NULL, NULL), 0);
    strcpy(reused, "REUSED=too late"); /* perhaps before the task's main() reads it */
    strcpy(last, "too late");
    setenv("ADDED_LATER", "too late", 1);
    unsetenv("ADDED_LATER");
  }
  for (int i = 0; i < 4; i++) EQ(result(ids[i]), EXITED(0));
  SAME(getenv("REUSED"), "too late"); /* the root's own */
  SAME(last, "too late");

  char *few[] = {"A=1", "EMPTY=", NULL}, *arguments_only[] = {argv[0], "only", NULL};
  int id = PIP_PIPID_ANY;
  EQ(pip_spawn(argv[0], arguments_only, few, PIP_CPUCORE_ASIS, &id, NULL, NULL, NULL), 0);
  EQ(result(id), EXITED(0));
  return done();
}
