/* What the programs about errors of windows share: a handler on the window and one on its communicator, and a line for every
 * call that says what it returned and whose handler was called. */
#include "windows.h"
#include "../mpi/report.h"


static void of_window(MPI_Win *win, int *error, ...) { (void)win, (void)error, calls++, whose = "window"; }
static void of_comm(MPI_Comm *comm, int *error, ...) {
    (void)error, calls++;
    whose = *comm == MPI_COMM_WORLD ? "world" : *comm == MPI_COMM_SELF ? "self" : "communicator";
}

static inline void handle_errors_of(MPI_Win win) {
    MPI_Errhandler handler;
    MPI_Win_create_errhandler(of_window, &handler);
    MPI_Win_set_errhandler(win, handler);
    MPI_Errhandler_free(&handler);
}

static inline void begin_errors(int *argc, char ***argv) {
    MPI_Errhandler handler;
    begin(argc, argv);
    MPI_Comm_create_errhandler(of_comm, &handler);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, handler);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, handler);
    MPI_Errhandler_free(&handler);
}
