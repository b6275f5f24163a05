/* Prints one message of each kind, in the root and in a task.
 * @part */
#include "check.h"

static void messages(void) {
  pip_info_mesg("information %d", 1);
  pip_warn_mesg("warning %s", "two");
  pip_err_mesg("error %c", '3');
  pip_info_fmesg(stdout, "on a stream %.1f", 4.5);
  fflush(stdout);
  pip_print_maps();
  pip_debug_info(); /* nothing is asked for in the environment */
}

int main(int argc, char **argv) {
  if (argc > 1) {
    messages();
    return 0;
  }
  begin(argv, 1);
  messages();
  fflush(stdout);
  return result(start("task", NULL));
}
