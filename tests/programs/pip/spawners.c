/* Several tasks and two threads of the root spawn at the same time, more than there are ids for at once, while the root
 * waits for whatever ends: every task is reported once, with its own status. */
#include "check.h"

#define SPAWNERS 4
#define EACH 15

static volatile int got[256], finished;

static int spawn(const char *code) {
  char *argv[] = {self, "leaf", (char *)code, NULL};
  int error, tries = 0;
  do {
    int id = PIP_PIPID_ANY;
    error = pip_spawn(self, argv, NULL, PIP_CPUCORE_ASIS, &id, NULL, NULL, NULL);
    if (error == EAGAIN) nap(1);
  } while (error == EAGAIN && tries++ < 10000);
  EQ(error, 0);
  return error;
}

static void *root_thread(void *first) {
  for (int i = 0; i < EACH; i++) {
    char code[8];
    snprintf(code, sizeof code, "%d", *(int *)first + i);
    spawn(code);
  }
  await(&finished, 1); /* the kernel ends tasks with the thread that made them */
  return NULL;
}

int main(int argc, char **argv) {
  self = argv[0];
  if (argc > 1 && strcmp(argv[1], "leaf") == 0) return atoi(argv[2]);
  if (argc > 1) {
    int first = atoi(argv[1]);
    for (int i = 0; i < EACH; i++) {
      char code[8];
      snprintf(code, sizeof code, "%d", first + i);
      spawn(code);
    }
    return failures ? 255 : 250;
  }
  setenv("PIP_QUIET", "1", 1); /* EAGAIN is told each time */
  begin(argv, 16);
  int first = SPAWNERS * EACH, status, id, total = 0, idle = 0;
  pthread_t thread;
  for (int i = 0; i < SPAWNERS; i++) {
    char number[8];
    snprintf(number, sizeof number, "%d", i * EACH);
    start(number, NULL);
  }
  EQ(pthread_create(&thread, NULL, root_thread, &first), 0);
  while (idle < 5000 && total < (SPAWNERS + 1) * EACH + SPAWNERS) {
    int error = pip_wait_any(&id, &status);
    if (error == ECHILD) { /* none at the moment */
      nap(1), idle++;
      continue;
    }
    EQ(error, 0);
    CHECK(id >= 0 && id < 16 && WIFEXITED(status));
    got[WEXITSTATUS(status)]++;
    total++;
  }
  set(&finished, 1);
  for (int i = 0; i < (SPAWNERS + 1) * EACH; i++) EQ(got[i], 1);
  EQ(got[250], SPAWNERS);
  EQ(pthread_join(thread, NULL), 0);
  EQ(pip_wait_any(NULL, NULL), ECHILD);
  EQ(pip_fin(), 0);
  return done();
}
