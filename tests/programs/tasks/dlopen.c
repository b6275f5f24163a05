/* A library loaded at run time works, has its own variables, and can be closed and loaded again.
 * @tasks 1 8
 * @flags -ldl */
#include <dlfcn.h>
#include <stdio.h>

int main(void) {
    for (int round = 0; round < 3; round++) {
        void *library = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
        if (!library) return puts(dlerror()), 1;
        double (*cosine)(double) = (double (*)(double))dlsym(library, "cos");
        int (*sign)(void) = (int (*)(void))dlsym(library, "no_such_function");
        printf("%d %.4f %s\n", round, cosine(1.0), sign ? "found" : "not found");
        dlclose(library);
    }
    void *missing = dlopen("libno-such-library.so", RTLD_NOW);
    printf("%s\n", missing ? "loaded" : "refused");
    return 0;
}
