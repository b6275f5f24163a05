/* Attributes of the user: set, replaced and deleted; the delete callback is called for each when the window goes.
 * @np 1 2 */
#include "windows.h"

static int deleted[3], values[3] = {10, 20, 30}, extra = 5, stubborn;
static MPI_Win expected;

static int on_delete(MPI_Win win, int key, void *value, void *state) {
    (void)key;
    require(win == expected && state == &extra);
    if (stubborn) return MPI_ERR_OTHER;
    for (int i = 0; i < 3; i++) if (value == &values[i]) deleted[i]++;
    return MPI_SUCCESS;
}

int main(int argc, char **argv) {
    begin(&argc, &argv);
    for (Kind kind = 0; kind < KINDS; kind++) {
        int key, other, found;
        void *value = NULL;
        Window w = window_make(kind, 64, 1, MPI_COMM_WORLD);
        memset(deleted, 0, sizeof deleted);
        expected = w.win;
        MPI_Win_create_keyval(MPI_WIN_NULL_COPY_FN, on_delete, &key, &extra);
        MPI_Win_create_keyval(MPI_WIN_DUP_FN, on_delete, &other, &extra);
        MPI_Win_get_attr(w.win, key, &value, &found);
        require(!found);
        MPI_Win_set_attr(w.win, key, &values[0]);
        MPI_Win_set_attr(w.win, other, &values[1]);
        MPI_Win_get_attr(w.win, key, &value, &found);
        require(found && value == &values[0]);
        MPI_Win_set_attr(w.win, key, &values[2]); /* the old value is deleted */
        require(deleted[0] == 1 && deleted[1] == 0 && deleted[2] == 0);
        MPI_Win_delete_attr(w.win, other);
        require(deleted[1] == 1);
        MPI_Win_get_attr(w.win, other, &value, &found);
        require(!found);

        MPI_Win_set_attr(w.win, other, &values[1]);
        MPI_Win_set_errhandler(w.win, MPI_ERRORS_RETURN);
        stubborn = 1; /* a callback that fails keeps the attribute */
        require(MPI_Win_delete_attr(w.win, other) != MPI_SUCCESS);
        stubborn = 0;
        MPI_Win_get_attr(w.win, other, &value, &found);
        require(found && value == &values[1]);

        MPI_Win second;
        int64_t memory;
        MPI_Win_create(&memory, 8, 8, MPI_INFO_NULL, MPI_COMM_SELF, &second);
        MPI_Win_get_attr(second, other, &value, &found); /* each window has its own */
        require(!found);
        MPI_Win_free(&second);

        MPI_Win_free_keyval(&key); /* the key goes when its last attribute has */
        require(key == MPI_KEYVAL_INVALID);
        require(deleted[1] == 1 && deleted[2] == 0);
        window_free(&w);
        require(deleted[0] == 1 && deleted[1] == 2 && deleted[2] == 1);
        MPI_Win_free_keyval(&other);
        passed(kind_names[kind]);
    }
    MPI_Finalize();
    return 0;
}
