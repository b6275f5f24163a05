/* Wrong arguments of what makes, asks and changes windows: the error class, and whose error handler is called.
 * @np 1 2 */
#include "window_errors.h"
int main(int argc, char **argv) {
    begin_errors(&argc, &argv);
    MPI_Win win, null = MPI_WIN_NULL;
    char memory[64], *base;
    MPI_Comm self = MPI_COMM_SELF;
    MPI_Aint size;
    int unit, flag, length, key;
    void *value;
    MPI_Info info;
    MPI_Group group;
    MPI_Errhandler handler;
    const MPI_Comm none = MPI_COMM_NULL;
    try(MPI_Win_create(memory, -1, 1, MPI_INFO_NULL, self, &win));
    try(MPI_Win_create(memory, 64, 0, MPI_INFO_NULL, self, &win));
    try(MPI_Win_create(memory, 64, -8, MPI_INFO_NULL, self, &win));
    try(MPI_Win_create(NULL, 64, 1, MPI_INFO_NULL, self, &win));
    try(MPI_Win_create(memory, 64, 1, MPI_INFO_NULL, none, &win));
    try(MPI_Win_create(memory, 64, 1, MPI_INFO_NULL, self, NULL));
    try(MPI_Win_create(memory, 64, 1, (MPI_Info)0x7777777, self, &win));
    try(MPI_Win_allocate(-1, 1, MPI_INFO_NULL, self, &base, &win));
    try(MPI_Win_allocate(64, 0, MPI_INFO_NULL, self, &base, &win));
    try(MPI_Win_allocate(64, 1, MPI_INFO_NULL, none, &base, &win));
    try(MPI_Win_allocate(64, 1, MPI_INFO_NULL, self, &base, NULL));
    try(MPI_Win_allocate_shared(-1, 1, MPI_INFO_NULL, self, &base, &win));
    try(MPI_Win_allocate_shared(64, 0, MPI_INFO_NULL, self, &base, &win));
    try(MPI_Win_allocate_shared(64, 1, MPI_INFO_NULL, none, &base, &win));
    try(MPI_Win_allocate_shared(64, 1, MPI_INFO_NULL, self, &base, NULL));
    try(MPI_Win_create_dynamic(MPI_INFO_NULL, none, &win));
    try(MPI_Win_create_dynamic(MPI_INFO_NULL, self, NULL));

    try(MPI_Win_free(&null));
    try(MPI_Win_free(NULL));
    try(MPI_Win_get_attr(null, MPI_WIN_BASE, &value, &flag));
    try(MPI_Win_set_name(null, "x"));
    try(MPI_Win_get_name(null, memory, &length));
    try(MPI_Win_get_info(null, &info));
    try(MPI_Win_set_info(null, MPI_INFO_NULL));
    try(MPI_Win_get_group(null, &group));
    try(MPI_Win_set_errhandler(null, MPI_ERRORS_RETURN));
    try(MPI_Win_get_errhandler(null, &handler));
    try(MPI_Win_call_errhandler(null, MPI_ERR_OTHER));
    try(MPI_Win_shared_query(null, 0, &size, &unit, &base));
    try(MPI_Win_attach(null, memory, 64));
    try(MPI_Win_detach(null, memory));
    try(MPI_Win_fence(0, null));
    try(MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, null));
    try(MPI_Win_lock_all(0, null));
    try(MPI_Win_unlock(0, null));
    try(MPI_Win_unlock_all(null));
    try(MPI_Win_flush(0, null));
    try(MPI_Win_flush_all(null));
    try(MPI_Win_flush_local(0, null));
    try(MPI_Win_flush_local_all(null));
    try(MPI_Win_sync(null));
    try(MPI_Win_post(MPI_GROUP_EMPTY, 0, null));
    try(MPI_Win_start(MPI_GROUP_EMPTY, 0, null));
    try(MPI_Win_complete(null));
    try(MPI_Win_wait(null));
    try(MPI_Win_test(null, &flag));
    try(MPI_Put(memory, 1, MPI_CHAR, 0, 0, 1, MPI_CHAR, null));
    try(MPI_Get(memory, 1, MPI_CHAR, 0, 0, 1, MPI_CHAR, null));
    try(MPI_Accumulate(memory, 1, MPI_INT, 0, 0, 1, MPI_INT, MPI_SUM, null));
    try(MPI_Fetch_and_op(memory, memory + 8, MPI_INT, 0, 0, MPI_SUM, null));

    Kind kinds[] = {CREATE, ALLOCATE, SHARED, DYNAMIC};
    for (int i = 0; i < 4; i++) {
        Window w = window_make(kinds[i], 64, 1, MPI_COMM_WORLD);
        handle_errors_of(w.win);
        if (me == 0) printf("%s\n", kind_names[i]);
        if (i == DYNAMIC) try(MPI_Win_shared_query(w.win, 0, &size, &unit, &base));
        if (i == SHARED) {
            try(MPI_Win_shared_query(w.win, np, &size, &unit, &base));
            try(MPI_Win_shared_query(w.win, -7, &size, &unit, &base));
            try(MPI_Win_shared_query(w.win, 0, NULL, &unit, &base));
        }
        if (i != DYNAMIC) {
            try(MPI_Win_attach(w.win, memory, 64));
            try(MPI_Win_detach(w.win, memory));
        } else {
            try(MPI_Win_attach(w.win, memory, -1));
            try(MPI_Win_attach(w.win, NULL, 8));
        }
        try(MPI_Win_set_name(w.win, NULL));
        try(MPI_Win_get_name(w.win, NULL, &length));
        try(MPI_Win_get_name(w.win, memory, NULL));
        try(MPI_Win_get_attr(w.win, MPI_KEYVAL_INVALID, &value, &flag));
        try(MPI_Win_get_attr(w.win, MPI_TAG_UB, &value, &flag));
        try(MPI_Win_set_attr(w.win, MPI_WIN_SIZE, memory));
        try(MPI_Win_delete_attr(w.win, MPI_WIN_BASE));
        try(MPI_Win_set_errhandler(w.win, MPI_ERRHANDLER_NULL));
        try(MPI_Win_get_group(w.win, NULL));
        try(MPI_Win_get_info(w.win, NULL));
        try(MPI_Win_set_info(w.win, MPI_INFO_NULL));
        window_free(&w);
    }
    MPI_Win_create_keyval(MPI_WIN_NULL_COPY_FN, MPI_WIN_NULL_DELETE_FN, &key, NULL);
    try(MPI_Win_free_keyval(NULL));
    MPI_Win_free_keyval(&key);
    try(MPI_Win_free_keyval(&key));
    MPI_Finalize();
    return 0;
}
