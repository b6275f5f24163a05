/* A forked child has memory of its own, works, and its exit status comes back; so do those of its own children.
 * @tasks 1 8 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int variable = 1;

int main(void) {
    int status, inner, ends[2];
    char text[16] = {0};
    if (pipe(ends) != 0) return 1;
    pid_t child = fork();
    if (child == 0) {
        char *memory = malloc(100000);
        memset(memory, 1, 100000);
        variable = 2;
        pid_t grandchild = fork();
        if (grandchild == 0) _exit(5);
        waitpid(grandchild, &inner, 0);
        if (write(ends[1], "from child", 10) != 10) _exit(1);
        exit(WEXITSTATUS(inner) + variable + (getppid() > 1 ? 0 : 100));
    }
    if (waitpid(child, &status, 0) != child) return puts("the child is lost"), 1;
    if (read(ends[0], text, 10) != 10) return 1;
    printf("%s, status %d, variable %d\n", text, WEXITSTATUS(status), variable);
    child = fork();
    if (child == 0) abort();
    waitpid(child, &status, 0);
    printf("signal %d\n", WTERMSIG(status));
    return 0;
}
