/* Runs a program as tasks of this root, or, for comparison, as a child by fork and exec, and ends as it ended.
 * Arguments: "exec", or a number of tasks; the program and its arguments. Descriptor 50 is open for the program, and 51
 * too, but with FD_CLOEXEC.
 * @part */
#include "check.h"

static int end(int status) {
  fflush(NULL);
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  signal(WTERMSIG(status), SIG_DFL);
  raise(WTERMSIG(status));
  return 99;
}

int main(int argc, char **argv) {
  int status, worst = 0, count = atoi(argv[1]);
  char folder[4096];
  if (setenv("FOLDER", getcwd(folder, sizeof folder), 1) != 0) return 98;
  if (argc < 3 || dup2(1, 50) != 50 || dup3(1, 51, O_CLOEXEC) != 51) return 97;
  if (count == 0) {
    pid_t child = fork();
    if (child == 0) execvp(argv[2], argv + 2), _exit(96);
    if (waitpid(child, &status, 0) != child) return 95;
    return end(status);
  }
  begin(argv, count);
  for (int i = 0; i < count; i++) {
    int error = pip_spawn(argv[2], argv + 2, NULL, PIP_CPUCORE_ASIS, NULL, NULL, NULL, NULL);
    if (error != 0) return fprintf(stderr, "%s: %s\n", argv[2], strerror(error)), 94;
  }
  while (pip_wait_any(NULL, &status) == 0)
    if (status != 0) worst = status;
  if (pip_fin() != 0) return 93;
  return end(worst & ~0x80);
}
