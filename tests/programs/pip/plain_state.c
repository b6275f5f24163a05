/* A program that knows nothing of PiP: prints what a program finds after exec. Argument: "all", or "shared" for what is
 * the same where descriptors, folder and signals are the root's.
 * @part */
#define WITHOUT_PIP
#include "check.h"
#include <libgen.h>
#include <sys/auxv.h>
#include <sys/resource.h>

extern char **environ;

int main(int argc, char **argv) {
  char path[5000] = "", shorter[5] = "";
  printf("arguments:");
  for (int i = 0; i < argc; i++) printf(" <%s>", argv[i]);
  printf("\nfinal null %d\n", argv[argc] == NULL);
  int count = 0, home = 0;
  for (char **entry = environ; *entry; entry++) {
    if (strncmp(*entry, "TEST_", 5) == 0) puts(*entry);
    if (strncmp(*entry, "HOME=", 5) == 0) home++;
    count++;
  }
  printf("more than those %d, HOME %d, right folder %d\n", count > 3, home,
         strcmp(getcwd(path, sizeof path), getenv("FOLDER")) == 0);

  /* /proc/self/exe is this program, not the root's. */
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  printf("exe %s\n", path);
  length = readlink("/proc/self/exe", shorter, 4);
  printf("short %zd %s\n", length, shorter);
  length = readlinkat(AT_FDCWD, "/proc/self/exe", path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  printf("exe at %s\n", path);
  char *real = realpath("/proc/self/exe", NULL);
  printf("real %s\n", real);
  free(real);
  printf("again %s\n", realpath("/proc/self/exe", path));
  errno = 0;
  length = readlink("/etc/passwd", path, sizeof path);
  printf("no link %zd %d\n", length, errno == EINVAL);
  length = readlink("/nowhere", path, sizeof path);
  printf("nowhere %zd %d\n", length, errno == ENOENT);
  printf("names %s %s\n", program_invocation_name, program_invocation_short_name);
  printf("page %ld, same user %d\n", getauxval(AT_PAGESZ), getauxval(AT_UID) == getuid());
  printf("end of stdin %zd\n", read(0, path, 1));
  printf("buffered %d\n", setvbuf(stdout, NULL, _IOFBF, 8192));
  if (strcmp(argv[1], "all") != 0) return 0;

  printf("descriptors");
  for (int fd = 0; fd < 60; fd++)
    if (fcntl(fd, F_GETFD) >= 0 && (fd < 3 || fd >= 50)) printf(" %d", fd);
  printf("\n%s\n", write(50, "", 0) == 0 ? "50 is writable" : "50 is not");
  sigset_t set;
  sigprocmask(SIG_BLOCK, NULL, &set);
  struct sigaction action;
  printf("blocked");
  for (int signal = 1; signal < 32; signal++)
    if (sigismember(&set, signal) == 1 && signal != SIGCHLD) printf(" %d", signal);
  printf(", ignored");
  for (int signal = 1; signal < 32; signal++)
    if (sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN) printf(" %d", signal);
  mode_t mask = umask(0);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  printf(", umask %o, files %ld\n", mask, (long)limit.rlim_cur);
  int changed = chdir("/");
  printf("chdir %d %s\n", changed, getcwd(path, sizeof path));
  return 0;
}
