/* Prints the address of a static variable; stays until all of a small job have had the time to do so. */
#include <stdio.h>
#include <unistd.h>

static int variable;

int main(void) {
    printf("%p\n", (void *)&variable);
    fflush(stdout);
    usleep(300000);
    return 0;
}
