/* What the programs about errors share: a handler on every communicator, and a line for every call. */
#include "test.h"

static MPI_Comm own, freed; /* a communicator, and a handle of one that is gone */
static int calls;
static const char *whose;

static void handler(MPI_Comm *comm, int *error, ...) {
    (void)error;
    calls++;
    whose = *comm == own ? "own" : *comm == MPI_COMM_WORLD ? "world" : *comm == MPI_COMM_SELF ? "self" : "another";
}

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

static inline int tag_ub(void) {
    int *value, flag;
    MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &value, &flag);
    return *value;
}

static inline void begin_errors(int *argc, char ***argv) {
    MPI_Errhandler errhandler;
    begin(argc, argv);
    MPI_Comm_create_errhandler(handler, &errhandler);
    MPI_Comm_dup(MPI_COMM_WORLD, &own);
    MPI_Comm_dup(MPI_COMM_WORLD, &freed);
    MPI_Comm copy = freed;
    MPI_Comm_free(&copy);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, errhandler);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, errhandler);
    MPI_Comm_set_errhandler(own, errhandler);
    MPI_Errhandler_free(&errhandler);
}

static inline void end_errors(void) {
    MPI_Comm_free(&own);
    MPI_Finalize();
}
