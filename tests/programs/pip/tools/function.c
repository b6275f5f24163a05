/* Says where it was started: at main, or at one of two functions. */
#include <stdio.h>
#include <stdlib.h>

int start(void *argument) {
    printf("start %d\n", argument == NULL);
    fflush(stdout);
    return 5;
}

__attribute__((noinline, used)) static int hidden(void *argument) {
    printf("hidden %d\n", argument == NULL);
    fflush(stdout);
    return 6;
}

int main(int argc, char **argv) {
    if (argc > 100) return hidden(argv);
    puts("main");
    return 4;
}
