/* Names, info and groups of windows, and their handles in Fortran's form.
 * @np 1 2 4 */
#include "windows.h"
int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Comm odd_even, backwards;
    MPI_Comm_split(MPI_COMM_WORLD, me % 2, me, &odd_even);
    MPI_Comm_split(MPI_COMM_WORLD, 0, -me, &backwards);
    MPI_Comm comms[] = {MPI_COMM_WORLD, MPI_COMM_SELF, odd_even, backwards};
    for (Kind kind = 0; kind < KINDS; kind++) {
        for (int i = 0; i < 4; i++) {
            Window w = window_make(kind, 100, 1, comms[i]);
            char name[MPI_MAX_OBJECT_NAME] = "?";
            int length = -1, result;
            MPI_Win_get_name(w.win, name, &length);
            require(length == 0 && name[0] == 0); /* MPI-4.0 section 7.8: empty unless set */
            MPI_Win_set_name(w.win, "halo exchange");
            MPI_Win_get_name(w.win, name, &length);
            require(length == 13 && !strcmp(name, "halo exchange"));
            MPI_Group of_window, of_comm;
            MPI_Win_get_group(w.win, &of_window);
            MPI_Comm_group(comms[i], &of_comm);
            MPI_Group_compare(of_window, of_comm, &result);
            require(result == MPI_IDENT);
            MPI_Group_free(&of_window), MPI_Group_free(&of_comm);
            require(MPI_Win_f2c(MPI_Win_c2f(w.win)) == w.win && MPI_Win_c2f(w.win) != MPI_Win_c2f(MPI_WIN_NULL));

            MPI_Info info;
            char value[100];
            MPI_Info_create(&info);
            MPI_Info_set(info, "no_locks", "false");
            MPI_Info_set(info, "accumulate_ordering", "none");
            MPI_Info_set(info, "accumulate_ops", "same_op");
            MPI_Info_set(info, "same_disp_unit", "true");
            MPI_Win_set_info(w.win, info);
            MPI_Info_free(&info);
            MPI_Win_get_info(w.win, &info);
            require(info != MPI_INFO_NULL);
            MPI_Info_get(info, "no_locks", 99, value, &result);
            require(result && !strcmp(value, "false"));
            MPI_Info_get(info, "accumulate_ordering", 99, value, &result);
            require(result && strlen(value) > 0);
            MPI_Info_free(&info);
            window_free(&w);
        }
        passed(kind_names[kind]);
    }
    MPI_Comm_free(&odd_even), MPI_Comm_free(&backwards);
    MPI_Finalize();
    return 0;
}
