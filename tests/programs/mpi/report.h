/* A line for every call: what it returned, and whose error handler was called, which the handlers of a program note. */
#ifndef REPORT_H
#define REPORT_H
#include "test.h"

static int calls;
static const char *whose;

/* Makes a call and says (rank 0) what it returned and which error handler was called. */
#define try(call) (calls = 0, report(#call, call))

static inline void report(const char *call, int code) {
    char text[MPI_MAX_ERROR_STRING];
    int class, length;
    if (me != 0) return;
    MPI_Error_class(code, &class);
    MPI_Error_string(class, text, &length);
    if (calls > 0) printf("%s: %s, handler of %s, %d call\n", call, text, whose, calls);
    else printf("%s: %s, no handler\n", call, text);
}

#endif
