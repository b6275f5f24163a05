/* The error handler of a window: fatal at first, then what is set; called by errors of calls on it and by
 * MPI_Win_call_errhandler; a handler that was freed lives on in the window.
 * @np 1 2 */
#include "windows.h"
static int calls, code;
static MPI_Win whose;
static void handler(MPI_Win *win, int *error, ...) { calls++, code = *error, whose = *win; }
static void second(MPI_Win *win, int *error, ...) { (void)win, (void)error, calls += 100; }

int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (Kind kind = 0; kind < KINDS; kind++) {
        Window w = window_make(kind, 64, 1, MPI_COMM_WORLD);
        MPI_Errhandler own, found;
        int64_t data = 0;
        MPI_Win_get_errhandler(w.win, &found);
        require(found == MPI_ERRORS_ARE_FATAL);
        MPI_Errhandler_free(&found);
        MPI_Win_set_errhandler(w.win, MPI_ERRORS_RETURN);
        MPI_Win_get_errhandler(w.win, &found);
        require(found == MPI_ERRORS_RETURN);
        MPI_Errhandler_free(&found);
        MPI_Win_lock_all(0, w.win);
        require(MPI_Put(&data, -1, MPI_BYTE, 0, disp(&w, 0, 0), 1, MPI_BYTE, w.win) != MPI_SUCCESS);
        calls = 0;
        MPI_Win_create_errhandler(handler, &own);
        MPI_Win_set_errhandler(w.win, own);
        MPI_Errhandler_free(&own);
        require(own == MPI_ERRHANDLER_NULL);
        int error = MPI_Put(&data, -1, MPI_BYTE, 0, disp(&w, 0, 0), 1, MPI_BYTE, w.win), class;
        require(error != MPI_SUCCESS && calls == 1 && code == error && whose == w.win);
        MPI_Error_class(error, &class);
        require(class == MPI_ERR_COUNT);
        MPI_Win_call_errhandler(w.win, MPI_ERR_RMA_SYNC);
        require(calls == 2 && code == MPI_ERR_RMA_SYNC);
        MPI_Win_get_errhandler(w.win, &found);
        require(found != MPI_ERRORS_RETURN && found != MPI_ERRORS_ARE_FATAL);
        MPI_Win_create_errhandler(second, &own);
        MPI_Win_set_errhandler(w.win, own);
        MPI_Win_call_errhandler(w.win, MPI_ERR_OTHER);
        require(calls == 102);
        MPI_Win_set_errhandler(w.win, found); /* back */
        MPI_Errhandler_free(&found), MPI_Errhandler_free(&own);
        MPI_Win_call_errhandler(w.win, MPI_ERR_OTHER);
        require(calls == 103);
        MPI_Win_unlock_all(w.win);
        window_free(&w);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
