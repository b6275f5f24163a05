/* Rank 0 makes memory mappings until the kernel allows no more, and gives up. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
    if (strcmp(getenv("PMI_RANK"), "0")) return pause();
    /* Neighbours of equal protection would become one mapping. */
    for (int i = 0; mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED; i++);
    abort();
}
