/* What a root or a task forks is no part of PiP: it knows no root, shares no memory, and its parent waits for it. */
#include "check.h"

static volatile int word = 1;
static volatile int after_calls;

static int after(void *arg) {
  add(arg, 1);
  return 0;
}

static void child_checks(void) {
  int id = 0;
  EQ(pip_is_initialized(), 0);
  EQ(pip_isa_root(), 0);
  EQ(pip_isa_task(), 0);
  EQ(pip_get_pipid(&id), EPERM);
  EQ(pip_export(&id), EPERM);
  EQ(pip_wait_any(NULL, NULL), EPERM);
  EQ(pip_kill(0, 0), EPERM);
  SAME(pip_get_mode_str(), NULL);
}

static void forks(void) {
  int status = -1;
  for (int how = 0; how < 3; how++) {
    pid_t child = fork();
    if (child == 0) {
      child_checks();
      word = 2;
      free(malloc(100000));
      if (failures != 0) _exit(failures);
      if (how == 0) exit(40);
      if (how == 1) _exit(41);
      raise(SIGTERM);
    }
    CHECK(child > 0);
    EQ(waitpid(child, &status, 0), child);
    EQ(status, how == 2 ? SIGTERM : EXITED(40 + how));
    EQ(word, 1);
  }
  EQ(system("exit 7"), EXITED(7));
  FILE *output = popen("echo from the shell", "r");
  char text[32] = "";
  CHECK(output != NULL && fgets(text, sizeof text, output) != NULL);
  SAME(text, "from the shell\n");
  EQ(pclose(output), 0);
  EQ(pip_is_initialized(), 1); /* the parent is what it was */
}

int main(int argc, char **argv) {
  pip_spawn_hook_t hook;
  if (argc > 1) {
    forks();
    return finish();
  }
  begin(argv, 3);
  pip_spawn_hook(&hook, NULL, after, (void *)&after_calls);
  hooks = &hook;
  int ids[3];
  for (int i = 0; i < 3; i++) ids[i] = start("task", NULL);
  for (int i = 0; i < 3; i++) EQ(result(ids[i]), EXITED(0));
  EQ(after_calls, 3);
  int id = start("task", NULL);
  forks();
  EQ(result(id), EXITED(0));
  EQ(pip_fin(), 0);
  return done();
}
