/* Initialised and zeroed static variables, and those of libc, belong to one task.
 * @tasks 1 16 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int answer = 42, zero[100000];
static char text[] = "initial";

int main(void) {
    if (answer != 42 || text[0] != 'i') return puts("not its initial value"), 1;
    for (int i = 0; i < 100000; i++)
        if (zero[i]++ != 0) return puts("not zero"), 1;
    int mine = getpid();
    answer = mine, text[0] = 'I';
    setenv("PRIVATE", "1", 1);
    errno = mine;
    usleep(20000); /* the others write theirs */
    if (answer != mine || errno != mine) return puts("another task wrote here"), 1;
    printf("%s %d %s %s\n", text, zero[99999], getenv("PRIVATE"), setlocale(LC_ALL, NULL));
    return 0;
}
