/* Named exports: names by format, waiting for them, and what happens to those who wait for a task that ends. */
#include "check.h"

static volatile int turn;

static void *waiter(void *result) {
  void *pointer;
  *(int *)result = pip_named_import(0, &pointer, "never");
  return NULL;
}

/* Exports late. */
static int exporter(volatile int *word) {
  static int values[3] = {10, 11, 12};
  await(word, 1);
  nap(50); /* the importer waits by now */
  EQ(pip_named_export(&values[0], "value-%d of %s", 0, "three"), 0);
  EQ(pip_named_export(&values[1], "value-%d of %s", 1, "three"), 0);
  EQ(pip_named_export(&values[2], NULL), 0);
  for (int i = 0; i < 100; i++) EQ(pip_named_export((char *)values + i, "%050d", i), 0);
  await(word, 2);
  return finish();
}

/* Both directions at once. */
static int partner(int me) {
  static int value;
  void *pointer = NULL, *word;
  EQ(pip_get_aux(&word), 0);
  value = 500 + me;
  await(word, 1); /* both have been spawned */
  for (int round = 0; round < 50; round++) {
    EQ(pip_named_export(&value, "%d:%d", me, round), 0);
    EQ(pip_named_import(1 - me, &pointer, "%d:%d", 1 - me, round), 0);
    EQ(*(int *)pointer, 500 + 1 - me);
  }
  EQ(pip_named_export(&value, "last"), 0);
  await(word, 2); /* nobody can import from one that ended */
  return finish();
}

int main(int argc, char **argv) {
  void *pointer = (void *)&turn;
  pthread_t thread, second;
  int got = -1, also = -1;
  if (argc > 1) {
    EQ(pip_get_aux(&pointer), 0);
    if (strcmp(argv[1], "exporter") == 0) return exporter(pointer);
    if (strcmp(argv[1], "partner") == 0) return partner(atoi(argv[2]));
    if (strcmp(argv[1], "wait") == 0) return pip_named_import(0, &pointer, "never") == ECANCELED ? 21 : 22;
    add(pointer, 1);
    await(pointer, 10);
    if (strcmp(argv[1], "_exit") == 0) _exit(0);
    if (strcmp(argv[1], "crash") == 0) *(volatile int *)8 = 1;
    if (strcmp(argv[1], "pause") == 0) pause();
    return 0;
  }
  begin(argv, 3);
  aux = (void *)&turn;
  int id = start("exporter", NULL);
  EQ(pip_named_tryimport(id, &pointer, "value-0 of three"), EAGAIN);
  CHECK(pointer == &turn);
  set(&turn, 1);
  EQ(pip_named_import(id, &pointer, "value-%d of three", 1), 0);
  EQ(*(int *)pointer, 11);
  EQ(pip_named_tryimport(id, &pointer, "%s", "value-0 of three"), 0);
  EQ(*(int *)pointer, 10);
  int *first = pointer;
  EQ(pip_named_import(id, &pointer, NULL), 0);
  EQ(*(int *)pointer, 12);
  for (int i = 0; i < 100; i++) {
    EQ(pip_named_import(id, &pointer, "%050d", i), 0);
    CHECK(pointer == (char *)first + i);
  }
  EQ(pip_named_tryimport(id, &pointer, "value"), EAGAIN);
  EQ(pip_named_export((void *)&turn, "of the root"), 0);
  set(&turn, 2);
  EQ(result(id), EXITED(0));
  EQ(pip_named_import(id, &pointer, "value-1 of three"), ECANCELED);
  EQ(pip_named_tryimport(id, &pointer, "value-1 of three"), ECANCELED);

  set(&turn, 0); /* two import each other's */
  static char *const numbers[] = {"0", "1"};
  for (int i = 0; i < 2; i++) {
    char *partner[] = {self, "partner", numbers[i], NULL};
    pip_spawn_program_t program;
    int wanted = i;
    pip_spawn_from_main(&program, self, partner, NULL, aux);
    EQ(pip_task_spawn(&program, PIP_CPUCORE_ASIS, 0, &wanted, NULL), 0);
  }
  set(&turn, 1);
  EQ(pip_named_import(0, &pointer, "last"), 0);
  EQ(*(int *)pointer, 500);
  EQ(pip_named_import(1, &pointer, "last"), 0);
  EQ(*(int *)pointer, 501);
  set(&turn, 2);
  EQ(result(0), EXITED(0));
  EQ(result(1), EXITED(0));

  /* Importers of a task that ends, in whatever way, are let go; in the root and in another task. */
  static const char *const ways[] = {"return", "_exit", "crash", "pause"};
  for (int i = 0; i < 4; i++) {
    char *path[] = {self, (char *)ways[i], NULL};
    int zero = 0;
    set(&turn, 0);
    pip_spawn_program_t program;
    pip_spawn_from_main(&program, self, path, NULL, aux);
    EQ(pip_task_spawn(&program, PIP_CPUCORE_ASIS, 0, &zero, NULL), 0);
    await(&turn, 1);
    got = also = -1;
    EQ(pthread_create(&thread, NULL, waiter, &got), 0);
    EQ(pthread_create(&second, NULL, waiter, &also), 0);
    int task = start("wait", NULL);
    nap(60);
    EQ(got, -1);
    EQ(pip_trywait(task, NULL), ECHILD);
    set(&turn, 10);
    int process = !threads();
    if (strcmp(ways[i], "pause") == 0) EQ(pip_kill(0, process ? SIGKILL : SIGTERM), 0);
    int status = result(0);
    if (strcmp(ways[i], "crash") == 0) EQ(status, KILLED(SIGSEGV));
    else if (strcmp(ways[i], "pause") == 0) EQ(status, KILLED(process ? SIGKILL : SIGTERM));
    else EQ(status, EXITED(0));
    EQ(pthread_join(thread, NULL), 0);
    EQ(pthread_join(second, NULL), 0);
    EQ(got, ECANCELED);
    EQ(also, ECANCELED);
    EQ(result(task), EXITED(21));
  }
  return done();
}
