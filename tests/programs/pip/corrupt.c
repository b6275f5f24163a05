/* A task overwrites the head of the table that all share: the next call of anybody says EPERM and why, and nothing
 * hangs. Argument: which call of the root comes first.
 * @part */
#include "check.h"

static volatile int turn;

int main(int argc, char **argv) {
  void *pointer;
  int number = 0;
  if (argc > 2) {
    if (pip_get_aux(&pointer) != 0) return 1;
    if (strcmp(argv[1], "observer") == 0) {
      add(pointer, 1);
      await(pointer, 3);
      number = pip_get_ntasks(&number) == EPERM && pip_import(PIP_PIPID_ROOT, &pointer) == EPERM ? 1 : 2;
      printf("observer %s\n", number == 1 ? "EPERM" : "wrong");
      fflush(stdout);
      _exit(0);
    }
    await(pointer, 1);
    char *address = (char *)strtoul(getenv("PIP_REGISTRY"), NULL, 0);
    memset(address, 0xa5, 8);
    add(pointer, 1);
    pause();
  }
  begin(argv, 3);
  aux = (void *)&turn;
  start("observer", "x");
  int id = start("corrupt", "x"), error = -1;
  await(&turn, 2);
  if (strcmp(argv[1], "get") == 0) error = pip_get_ntasks(&number);
  if (strcmp(argv[1], "wait") == 0) error = pip_wait(id, NULL);
  if (strcmp(argv[1], "wait_any") == 0) error = pip_wait_any(NULL, NULL);
  char *words[] = {"true", NULL};
  if (strcmp(argv[1], "spawn") == 0)
    error = pip_spawn("true", words, NULL, PIP_CPUCORE_ASIS, NULL, NULL, NULL, NULL);
  if (strcmp(argv[1], "import") == 0) error = pip_import(id, &pointer);
  if (strcmp(argv[1], "named") == 0) error = pip_named_import(id, &pointer, "name");
  if (strcmp(argv[1], "export") == 0) error = pip_export(&number);
  if (strcmp(argv[1], "kill") == 0) error = pip_kill(id, 0);
  printf("root %s\n", error == EPERM ? "EPERM" : strerror(error));
  if (pip_fin() != EPERM || pip_trywait(id, NULL) != EPERM) puts("the second call is wrong");
  fflush(stdout);
  set(&turn, 3);
  nap(200);
  return 0;
}
