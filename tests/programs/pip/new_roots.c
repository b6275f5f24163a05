/* A root can be one again after pip_fin(); what a task starts by fork and exec is no task, and can be a root itself. */
#include "check.h"

static int new_root(char **argv) {
  int count = 2;
  EQ(pip_is_initialized(), 0);
  EQ(pip_isa_task(), 0);
  EQ(pip_get_pipid(&count), EPERM);
  EQ(count, 2);
  sigset_t set;
  sigemptyset(&set); /* what was blocked stays blocked after exec */
  sigprocmask(SIG_SETMASK, &set, NULL);
  begin(argv, count);
  EQ(pip_isa_root(), 1);
  for (int i = 0; i < 5; i++) EQ(result(start("leaf", NULL)), EXITED(12));
  EQ(pip_fin(), 0);
  return finish();
}

int main(int argc, char **argv) {
  int status = -1;
  if (argc > 1 && strcmp(argv[1], "leaf") == 0) return 12;
  if (argc > 1 && strcmp(argv[1], "new") == 0) return new_root(argv);
  if (argc > 1) {
    char *words[] = {argv[0], "new", NULL};
    if (strcmp(argv[1], "exec") == 0) execv(argv[0], words);
    pid_t child = fork();
    if (child == 0) execv(argv[0], words), _exit(99);
    EQ(waitpid(child, &status, 0), child);
    EQ(status, EXITED(0));
    EQ(pip_isa_task(), 1);
    return finish();
  }
  for (int round = 1; round <= 4; round++) {
    begin(argv, round);
    for (int i = 0; i < round; i++) EQ(start("leaf", NULL), i);
    for (int i = 0; i < round; i++) EQ(result(i), EXITED(12));
    EQ(result(start("fork", NULL)), EXITED(0));
    if (!threads()) EQ(result(start("exec", NULL)), EXITED(0));
    EQ(pip_fin(), 0);
  }
  return done();
}
