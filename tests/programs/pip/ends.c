/* A root that ends one way, after a task that ended in another, with both hooks: prints the task's status and how often
 * each hook was called. Arguments: the root's way, the task's way, the task's status.
 * @part */
#include "check.h"

static volatile int before_calls, after_calls;

static int before(void *arg) { return arg == &failures ? add(&before_calls, 1) * 0 : 1; }
static int after(void *arg) { return arg == &failures ? add(&after_calls, 1) * 0 : 1; }

static int end(const char *way, int status) {
  if (strncmp(way, "fin-", 4) == 0) {
    if (pip_fin() != 0) return 60;
    way += 4;
  }
  if (strcmp(way, "exit") == 0) exit(status);
  if (strcmp(way, "pip_exit") == 0) pip_exit(status);
  if (strcmp(way, "_exit") == 0) fflush(NULL), _exit(status);
  if (strcmp(way, "_Exit") == 0) fflush(NULL), _Exit(status);
  if (strcmp(way, "quick_exit") == 0) fflush(NULL), quick_exit(status);
  if (strcmp(way, "pthread_exit") == 0) pthread_exit(NULL); /* the status is 0 */
  if (strcmp(way, "exec") == 0) {
    char code[16];
    snprintf(code, sizeof code, "exit %d", status);
    execl("/bin/sh", "sh", "-c", code, NULL);
    return 61;
  }
  if (strcmp(way, "return") == 0) return status;
  raise(atoi(way));
  return 62;
}

int main(int argc, char **argv) {
  pip_spawn_hook_t hook;
  if (argc == 3) return end(argv[1], atoi(argv[2]));
  begin(argv, 1);
  pip_spawn_hook(&hook, before, after, &failures);
  hooks = &hook;
  int status = result(start(argv[2], argv[3]));
  printf("%s %d, before %d, after %d\n", WIFEXITED(status) ? "exit" : "signal",
         WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), get(&before_calls), get(&after_calls));
  if (failures != 0) return 63;
  return end(argv[1], 0);
}
