/* Prints what pip_init() says to options given as a number, and, if it agreed, which mode that is. A second
 * argument "unset": without PIP_MODE.
 * @part */
#include "check.h"

int main(int argc, char **argv) {
  int count = 1, mode = 0, threaded = -1, shared = -1;
  if (strcmp(argv[2], "unset") == 0) unsetenv("PIP_MODE");
  int error = pip_init(NULL, &count, NULL, (int)strtol(argv[1], NULL, 0));
  if (error == EPERM) puts("EPERM");
  else if (error == EINVAL) puts("EINVAL");
  else if (error != 0) printf("error %d\n", error);
  else {
    pip_get_mode(&mode);
    pip_is_threaded(&threaded);
    pip_is_shared_fd(&shared);
    printf("%#x %s %d %d\n", mode, pip_get_mode_str(), threaded, shared);
  }
  return argc != 3;
}
