/* Small programs in large numbers.
 * @tasks 256
 * @flags -pthread */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *work(void *memory) { return memset(memory, 7, 1000); }

int main(void) {
    pthread_t thread;
    char *memory = malloc(1000), copy[1000];
    pthread_create(&thread, NULL, work, memory);
    pthread_join(thread, NULL);
    memset(copy, 7, sizeof copy);
    puts(memcmp(memory, copy, sizeof copy) == 0 ? "done" : "wrong");
    return 0;
}
