/* What a root may have inherited or set before it became one does not disturb: SIGCHLD ignored, descriptors closed, a
 * signal handler, low limits; its own settings of signals stay its own. */
#include "check.h"
#include <sys/resource.h>

static volatile int handled;

static void handler(int signal) { handled = signal; }

int main(int argc, char **argv) {
  struct sigaction action = {.sa_handler = handler}, now;
  struct rlimit files = {40, 40};
  int status;
  if (argc > 1) {
    if (sigaction(SIGUSR1, NULL, &now) != 0 || sigaction(SIGUSR2, NULL, &now) != 0) return 1;
    if (!threads() && now.sa_handler == handler) return 2; /* as after exec */
    return 7;
  }
  signal(SIGCHLD, SIG_IGN);
  sigaction(SIGUSR2, &action, NULL);
  setrlimit(RLIMIT_NOFILE, &files);
  close(0);
  begin(argv, 30);
  for (int round = 0; round < 30; round++) EQ(result(start("task", NULL)), EXITED(7));
  for (int i = 0; i < 30; i++) start("task", NULL);
  for (int i = 0; i < 30; i++) {
    EQ(pip_wait_any(NULL, &status), 0);
    EQ(status, EXITED(7));
  }
  sigaction(SIGUSR2, NULL, &now);
  CHECK(now.sa_handler == handler);
  raise(SIGUSR2);
  EQ(handled, SIGUSR2);
  EQ(pip_fin(), 0);
  return done();
}
