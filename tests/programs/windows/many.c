/* Hundreds of windows of each kind, one after the other and a hundred at once: handles, mappings and memory come back.
 * @without-stock MPICH 4.0.2 confuses several windows on neighbouring memory
 * @np 2
 * @limit 60 */
#include "windows.h"

/* A number of /proc/self/status, in KiB. */
static long status(const char *name) {
    char line[200];
    long found = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, name, strlen(name))) found = atol(line + strlen(name) + 1);
    if (file) fclose(file);
    return found;
}
static long mappings(void) {
    long lines = 0;
    FILE *file = fopen("/proc/self/maps", "r");
    for (int c; file && (c = getc(file)) != EOF;) lines += c == '\n';
    if (file) fclose(file);
    return lines;
}

static void use(Kind kind, MPI_Aint size, int times) {
    for (int i = 0; i < times; i++) {
        int right = (me + 1) % np, left = (me + np - 1) % np;
        Window w = window_make(kind, size, 1, MPI_COMM_WORLD);
        MPI_Win_fence(0, w.win);
        MPI_Put(&me, 1, MPI_INT, right, disp(&w, right, size - 4), 1, MPI_INT, w.win);
        MPI_Win_fence(0, w.win);
        int got;
        memcpy(&got, w.base + size - 4, 4);
        require(got == left);
        window_free(&w);
    }
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (Kind kind = 0; kind < KINDS; kind++) {
        MPI_Aint size = 100000;
        use(kind, size, 60);
        MPI_Barrier(MPI_COMM_WORLD);
        long memory = status("VmRSS:"), space = status("VmSize:"), maps = mappings();
        use(kind, size, 240);
        MPI_Barrier(MPI_COMM_WORLD);
        long more = status("VmRSS:") - memory, more_space = status("VmSize:") - space, more_maps = mappings() - maps;
        /* 480 segments of 100 KB are 48 MB. */
        if (more > 16000 || more_space > 40000 || more_maps > 100)
            fprintf(stderr, "%s: %ld KiB, %ld KiB of address space and %ld mappings more\n", kind_names[kind], more, more_space,
                    more_maps);
        require(more <= 16000 && more_space <= 40000 && more_maps <= 100);
        passed(kind_names[kind]);
    }
    Window windows[100];
    for (int i = 0; i < 100; i++) windows[i] = window_make((Kind)(i % KINDS), 64 + i, 1, MPI_COMM_WORLD);
    int right = (me + 1) % np, left = (me + np - 1) % np;
    for (int i = 0; i < 100; i++) MPI_Win_fence(0, windows[i].win);
    for (int i = 0; i < 100; i++) {
        int key = me * 1000 + i;
        MPI_Win_fence(0, windows[i].win);
        MPI_Put(&key, 1, MPI_INT, right, disp(&windows[i], right, i), 1, MPI_INT, windows[i].win);
        MPI_Win_fence(0, windows[i].win);
    }
    for (int i = 0; i < 100; i++) {
        int got;
        memcpy(&got, windows[i].base + i, 4);
        require(got == left * 1000 + i);
    }
    for (int i = 0; i < 100; i += 2) window_free(&windows[i]); /* in another order than made */
    for (int i = 99; i > 0; i -= 2) window_free(&windows[i]);
    passed("a hundred at once");
    MPI_Finalize();
    return 0;
}
