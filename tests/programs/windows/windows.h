/* What the programs about windows share: windows of every kind behind one interface. */
#include "../mpi/test.h"
#include <stddef.h>
#include <stdint.h>

typedef enum { CREATE, ALLOCATE, SHARED, DYNAMIC, KINDS } Kind;
static const char *const kind_names[KINDS] = {"created", "allocated", "shared", "dynamic"};

typedef struct {
    MPI_Win win;
    MPI_Comm comm;
    Kind kind;
    char *base;
    int unit;
    MPI_Aint size, *bases; /* the displacement of each rank's first byte: 0, or its address in a dynamic window */
} Window;

/* A window of `size` zero bytes on this rank; collective. */
static inline Window window_make(Kind kind, MPI_Aint size, int unit, MPI_Comm comm) {
    /* See tests/src/spread.rs: where ranks only seem to be on several nodes, MPICH allocates shared memory, and it is MPICH's. */
    if (kind == SHARED && getenv("WITHOUT_SHARED_WINDOWS")) kind = ALLOCATE;
    Window made = {.comm = comm, .kind = kind, .unit = kind == DYNAMIC ? 1 : unit, .size = size};
    MPI_Aint mine = 0;
    int ranks;
    if (kind == CREATE || kind == DYNAMIC) made.base = malloc((size_t)size + 1);
    if (kind == CREATE) MPI_Win_create(made.base, size, unit, MPI_INFO_NULL, comm, &made.win);
    if (kind == ALLOCATE) MPI_Win_allocate(size, unit, MPI_INFO_NULL, comm, &made.base, &made.win);
    if (kind == SHARED) MPI_Win_allocate_shared(size, unit, MPI_INFO_NULL, comm, &made.base, &made.win);
    if (kind == DYNAMIC) {
        MPI_Win_create_dynamic(MPI_INFO_NULL, comm, &made.win);
        if (size > 0) MPI_Win_attach(made.win, made.base, size);
        MPI_Get_address(made.base, &mine);
    }
    MPI_Comm_size(comm, &ranks);
    made.bases = malloc((size_t)ranks * sizeof mine);
    if (size > 0) memset(made.base, 0, (size_t)size);
    MPI_Allgather(&mine, 1, MPI_AINT, made.bases, 1, MPI_AINT, comm); /* nobody begins before all memory is zero */
    return made;
}

/* The displacement of a byte of a rank's memory. */
static inline MPI_Aint disp(const Window *window, int rank, MPI_Aint bytes) {
    return window->bases[rank] + bytes / window->unit;
}

static inline void window_free(Window *window) {
    if (window->kind == DYNAMIC && window->size > 0) MPI_Win_detach(window->win, window->base);
    MPI_Win_free(&window->win);
    require(window->win == MPI_WIN_NULL);
    if (window->kind == CREATE || window->kind == DYNAMIC) free(window->base);
    free(window->bases);
}

/* Ends what all ranks have passed: one line of rank 0. */
static inline void passed(const char *what) {
    MPI_Barrier(MPI_COMM_WORLD);
    if (me == 0) printf("%s: right\n", what);
}
