/* The tool interface works before MPI_Init, beside messages and after MPI_Finalize.
 * @np 2 */
#include "test.h"
int main(int argc, char **argv) {
    int provided, variables, events, length = 200, index, got;
    char name[200];
    MPI_T_cvar_handle handle;
    MPI_T_init_thread(MPI_THREAD_SINGLE, &provided);
    MPI_T_cvar_get_num(&variables), MPI_T_pvar_get_num(&events);
    begin(&argc, &argv);
    int code = MPI_T_cvar_get_index("MPIR_CVAR_ERROR_CHECKING", &index), count, value = -1;
    MPI_T_cvar_handle_alloc(index, NULL, &handle, &count);
    MPI_T_cvar_read(handle, &value);
    MPI_Sendrecv(&me, 1, MPI_INT, 1 - me, 0, &got, 1, MPI_INT, 1 - me, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_T_cvar_handle_free(&handle);
    int verbosity, binding, scope;
    MPI_T_enum type;
    MPI_Datatype datatype;
    MPI_T_cvar_get_info(index, name, &length, &verbosity, &datatype, &type, NULL, NULL, &binding, &scope);
    printf("%d variables, %d events, %d: %s = %d; got %d\n", variables, events, code, name, value, got == 1 - me);
    MPI_Finalize();
    MPI_T_finalize();
    return 0;
}
