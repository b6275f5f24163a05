/* posix_spawn, system, popen, and fork with exec start ordinary processes.
 * @tasks 1 8 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(void) {
    int status;
    pid_t child;
    char line[64] = {0}, *args[] = {"sh", "-c", "exit 9", NULL};
    if (posix_spawn(&child, "/bin/sh", NULL, NULL, args, environ) != 0) return puts("posix_spawn failed"), 1;
    waitpid(child, &status, 0);
    printf("posix_spawn %d\n", WEXITSTATUS(status));
    printf("system %d\n", WEXITSTATUS(system("test -x /bin/true && exit 5")));
    FILE *pipe = popen("echo six times seven", "r");
    if (!pipe || !fgets(line, sizeof line, pipe)) return puts("popen failed"), 1;
    printf("popen %s", line);
    printf("pclose %d\n", WEXITSTATUS(pclose(pipe)));
    fflush(stdout);
    child = fork();
    if (child == 0) execlp("perl", "perl", "-e", "exit 11", NULL);
    waitpid(child, &status, 0);
    printf("exec %d\n", WEXITSTATUS(status));
    return 0;
}
