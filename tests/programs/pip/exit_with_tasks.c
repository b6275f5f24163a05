/* A root that ends by pip_exit(), or is aborted by itself or by a task, takes its tasks along. Argument: how.
 * @part */
#include "check.h"

int main(int argc, char **argv) {
  static volatile int alive;
  void *pointer;
  if (argc > 2) {
    pip_get_aux(&pointer);
    if (strcmp(argv[1], "abort") == 0) await(pointer, 3), pip_abort();
    add(pointer, 1);
    for (;;) pause();
  }
  begin(argv, 4);
  aux = (void *)&alive;
  for (int i = 0; i < 3; i++) start("sleep", "x");
  await(&alive, 3);
  puts("tasks are alive");
  fflush(stdout);
  if (strcmp(argv[1], "pip_exit") == 0) pip_exit(5);
  if (strcmp(argv[1], "abort") == 0) pip_abort();
  if (strcmp(argv[1], "abort-by-task") == 0) {
    start("abort", "x");
    for (;;) pause();
  }
  return 9;
}
