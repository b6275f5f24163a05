/* A library for LD_PRELOAD that says, when loaded, how often it was in this task. */
#include <stdio.h>

static int count;

__attribute__((constructor)) static void loaded(void) { printf("preloaded %d\n", ++count); }
