/* A static PIE needs no loader and still has its own heap, threads and thread-local variables.
 * @tasks 1 8
 * @flags -static-pie -pthread */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static __thread int local = 3;
static int shared;

static void *work(void *unused) {
    (void)unused;
    char *memory = malloc(200000);
    memset(memory, 1, 200000);
    local += memory[1000];
    __atomic_fetch_add(&shared, local, __ATOMIC_RELAXED);
    free(memory);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    printf("%d %d %d %s\n", local, shared, argc, argv[1] ? argv[1] : "none");
    return 0;
}
