/* pip_wait_any() reports each task once, in whatever order they end; several that have ended in the order of pipids,
 * going on after the last one reported. */
#include "check.h"

static volatile int turn;

static int any(int *status) {
  int id = -1;
  EQ(pip_wait_any(&id, status), 0);
  return id;
}

int main(int argc, char **argv) {
  int status = 0, seen[6] = {0};
  void *pointer;
  char text[8];
  if (argc > 1) {
    pip_get_aux(&pointer);
    if (argc > 2) await(pointer, atoi(argv[2]));
    return atoi(argv[1]);
  }
  begin(argv, 6);
  aux = (void *)&turn;
  for (int i = 0; i < 6; i++) { /* the last one spawned ends first */
    char code[8];
    snprintf(code, sizeof code, "%d", 100 + i);
    snprintf(text, sizeof text, "%d", 6 - i);
    EQ(start(code, text), i);
  }
  for (int i = 5; i >= 0; i--) {
    set(&turn, 6 - i);
    EQ(any(&status), i);
    EQ(status, EXITED(100 + i));
  }
  EQ(pip_wait_any(NULL, NULL), ECHILD);

  for (int i = 0; i < 6; i++) {
    snprintf(text, sizeof text, "%d", i);
    seen[start(text, NULL)]++;
  }
  for (int i = 0; i < 6; i++) EQ(seen[i], 1);
  for (int i = 0; i < 6; i++)
    for (int tries = 0; tries < 10000 && pip_kill(i, 0) == 0; tries++) nap(1); /* all have ended */
  int before = any(&status);
  for (int i = 1; i < 6; i++) {
    int id = -1;
    EQ(pip_trywait_any(&id, &status), 0);
    EQ(id, (before + 1) % 6);
    before = id;
  }
  EQ(pip_trywait_any(NULL, NULL), ECHILD);

  int first = start("1", NULL), second = start("2", NULL); /* ids go on from the last one */
  EQ(second, (first + 1) % 6);
  EQ(result(second), EXITED(2)); /* waiting for one does not lose the other */
  EQ(any(&status), first);
  EQ(status, EXITED(1));
  return done();
}
