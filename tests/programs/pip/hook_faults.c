/* Hooks that crash, exit, get killed, run at the same time, or belong to tasks that start at functions: a spawn comes
 * back, the status says what happened, and the root goes on.
 * @with function.c */
#include "check.h"

struct note {
  volatile int before, after;
  int how;
};

static int before(void *arg) {
  struct note *note = arg;
  add(&note->before, 1);
  if (note->how == 1) raise(SIGKILL);
  if (note->how == 2) nap(200);
  if (note->how == 3) return 7;
  if (note->how == 4) {
    for (int i = 0; i < 300; i++) {
      char *block = malloc(i * 10 + 1), text[64];
      memset(block, i, i * 10 + 1);
      snprintf(text, sizeof text, "%d %g", i, i / 7.0);
      free(block);
    }
  }
  return 0;
}

static int after(void *arg) {
  struct note *note = arg;
  if (note->how == 4) free(memset(malloc(5000), 1, 5000));
  add(&note->after, 1);
  return 0;
}

static void on_term(int signal) { exit(20 + (signal == SIGTERM)); }

static int function(char *name, void *arg, struct note *note) {
  pip_spawn_program_t program;
  pip_spawn_hook_t hook;
  int id = PIP_PIPID_ANY;
  pip_spawn_from_func(&program, getenv("FUNCTION"), name, arg, NULL, NULL);
  pip_spawn_hook(&hook, before, after, note);
  EQ(pip_task_spawn(&program, PIP_CPUCORE_ASIS, 0, &id, &hook), 0);
  return result(id);
}

int main(int argc, char **argv) {
  pip_spawn_hook_t hook;
  static struct note notes[40];
  int number = 5;
  if (argc > 1 && strcmp(argv[1], "handler") == 0) {
    signal(SIGTERM, on_term);
    return raise(SIGTERM);
  }
  if (argc > 1) return 3;
  begin(argv, 40);
  hooks = &hook;

  struct note late = {.how = 2};
  pip_spawn_hook(&hook, before, after, &late);
  EQ(result(start("task", NULL)), EXITED(3));
  EQ(late.after, 1);

  struct note handled = {0};
  pip_spawn_hook(&hook, before, after, &handled);
  if (!threads()) EQ(result(start("handler", NULL)), EXITED(21)); /* the program's own handler decides */
  EQ(handled.after, !threads());

  if (!threads()) {
    struct note killed = {.how = 1};
    pip_spawn_hook(&hook, before, after, &killed);
    EQ(result(start("task", NULL)), KILLED(SIGKILL));
    EQ(killed.before, 1);
    EQ(killed.after, 0);
  }

  struct note first = {0}, refused = {.how = 3}, only_after = {0};
  EQ(function("local_function", &number, &first), EXITED(25));
  EQ(first.before, 1);
  EQ(first.after, 1);
  EQ(function("local_function", &number, &refused), EXITED(7));
  EQ(refused.after, 1);
  EQ(function("exits", &number, &first), EXITED(41));
  EQ(first.after, 2);
  pip_spawn_hook(&hook, NULL, after, &only_after);
  EQ(result(start("task", NULL)), EXITED(3));
  EQ(only_after.after, 1);
  struct note only_before = {.how = 3};
  pip_spawn_hook(&hook, before, NULL, &only_before);
  EQ(result(start("task", NULL)), EXITED(7));

  for (int round = 0; round < 5; round++) { /* many at once */
    for (int i = 0; i < 40; i++) {
      notes[i] = (struct note){.how = 4};
      pip_spawn_hook(&hook, before, after, &notes[i]);
      start("task", NULL);
    }
    for (int i = 0; i < 40; i++) EQ(result(i), EXITED(3));
    for (int i = 0; i < 40; i++) EQ(notes[i].before * 10 + notes[i].after, 11);
  }
  EQ(pip_fin(), 0);
  return done();
}
