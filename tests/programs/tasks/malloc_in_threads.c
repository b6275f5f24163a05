/* Five threads of each task allocate, resize and free at once, and find their patterns unharmed.
 * @tasks 1 16
 * @flags -pthread */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *work(void *argument) {
    uint32_t seed = (uint32_t)(uintptr_t)argument + (uint32_t)getpid() * 8u;
    struct { unsigned char *at; size_t size; unsigned char fill; } block[64] = {0};
    for (int round = 0; round < 6000; round++) {
        seed = seed * 1664525u + 1013904223u;
        unsigned i = seed >> 26;
        for (size_t k = 0; k < block[i].size; k += 61)
            if (block[i].at[k] != block[i].fill) return "a pattern was destroyed";
        size_t size = (seed >> 8) % (round % 50 ? 3000 : 300000);
        if (round % 3 == 0) free(block[i].at), block[i].at = malloc(size);
        else block[i].at = realloc(block[i].at, size ? size : 1);
        block[i].size = size, block[i].fill = (unsigned char)(seed >> 16);
        memset(block[i].at, block[i].fill, size);
    }
    for (int i = 0; i < 64; i++) free(block[i].at);
    return NULL;
}

int main(void) {
    pthread_t threads[5];
    for (uintptr_t i = 0; i < 5; i++) pthread_create(&threads[i], NULL, work, (void *)i);
    for (int i = 0; i < 5; i++) {
        void *error;
        pthread_join(threads[i], &error);
        if (error) return puts(error), 1;
    }
    puts("unharmed");
    return 0;
}
