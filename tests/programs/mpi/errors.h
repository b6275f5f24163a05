/* What the programs about errors share: a handler on every communicator, and a line for every call. */
#include "report.h"

static MPI_Comm own, freed; /* a communicator, and a handle of one that is gone */

static void handler(MPI_Comm *comm, int *error, ...) {
    (void)error;
    calls++;
    whose = *comm == own ? "own" : *comm == MPI_COMM_WORLD ? "world" : *comm == MPI_COMM_SELF ? "self" : "another";
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
