/* The windows of a case, and what the memory of all ranks of each should hold: every rank plays everybody's operations on its
 * own copy of it. Ranks, sizes and units follow from raw numbers, so that a line means something on any communicator. */
#define MOST_WINDOWS 16
#define MOST_MEMBERS 16

typedef enum { CREATED, ALLOCATED, SHARED, DYNAMIC } Flavour;

typedef struct {
    MPI_Win win;
    MPI_Comm comm;
    Flavour flavour;
    int size, rank;
    char *base, *own;                /* this rank's memory; `own` if it was allocated here */
    char *model[MOST_MEMBERS];       /* what each rank's memory should hold */
    MPI_Aint bytes[MOST_MEMBERS], address[MOST_MEMBERS], cursor[MOST_MEMBERS];
    int unit[MOST_MEMBERS];
} Window;

static Window windows[MOST_WINDOWS];

/* The window of a line; NULL for a rank that is not in its group. */
static Window *window_of(Player *player, const char *line, const char *name) {
    int64_t slot = number(line, name, -1);
    if (slot < 0 || slot >= MOST_WINDOWS) fail(player, "the script names window %ld", (long)slot);
    return windows[slot].win == MPI_WIN_NULL ? NULL : &windows[slot];
}

/* `win - slot= comm= flavour= bytes= key=`: a part of the ranks has no memory, the others between half and all of `bytes`. */
static void make_window(Player *player, const char *line) {
    int64_t slot = number(line, "slot", -1), most = number(line, "bytes", 0);
    uint64_t key = natural(line, "key");
    if (slot < 0 || slot >= MOST_WINDOWS) fail(player, "the script names window %ld", (long)slot);
    MPI_Comm comm = comms[number(line, "comm", 0)];
    if (comm == MPI_COMM_NULL) return;
    Window *w = &windows[slot];
    *w = (Window){.win = MPI_WIN_NULL, .comm = comm, .flavour = (Flavour)number(line, "flavour", 0)};
    if (w->flavour == SHARED && getenv("WITHOUT_SHARED_WINDOWS")) w->flavour = ALLOCATED; /* see tests/src/spread.rs */
    must(player, MPI_Comm_size(comm, &w->size)), must(player, MPI_Comm_rank(comm, &w->rank));
    if (w->size > MOST_MEMBERS) fail(player, "%d ranks are too many for a window", w->size);
    for (int rank = 0; rank < w->size; rank++) {
        uint64_t raw = mixed(key + (uint64_t)rank);
        w->bytes[rank] = raw % 8 == 0 ? 0 : (MPI_Aint)(most / 2 + (int64_t)(raw >> 8) % (most / 2 + 1));
        w->unit[rank] = w->flavour == DYNAMIC ? 1 : (const int[]){1, 2, 4, 8, 3, 1}[raw >> 40 & 3 ? raw >> 44 & 3 : 4 + (raw >> 44 & 1)];
        w->model[rank] = malloc((size_t)w->bytes[rank] + 8);
        bytes_of_key(raw, w->model[rank], w->bytes[rank]);
    }
    MPI_Aint bytes = w->bytes[w->rank];
    int unit = w->unit[w->rank];
    if (w->flavour == CREATED || w->flavour == DYNAMIC) w->base = w->own = malloc((size_t)bytes + 1);
    if (w->flavour == CREATED) must(player, MPI_Win_create(bytes ? w->base : NULL, bytes, unit, MPI_INFO_NULL, comm, &w->win));
    if (w->flavour == ALLOCATED) must(player, MPI_Win_allocate(bytes, unit, MPI_INFO_NULL, comm, &w->base, &w->win));
    if (w->flavour == SHARED) must(player, MPI_Win_allocate_shared(bytes, unit, MPI_INFO_NULL, comm, &w->base, &w->win));
    if (w->flavour == DYNAMIC) {
        must(player, MPI_Win_create_dynamic(MPI_INFO_NULL, comm, &w->win));
        if (bytes) must(player, MPI_Win_attach(w->win, w->base, bytes));
    }
    must(player, MPI_Win_set_errhandler(w->win, MPI_ERRORS_RETURN));
    if (bytes) memcpy(w->base, w->model[w->rank], (size_t)bytes);
    MPI_Aint address = 0;
    if (w->flavour == DYNAMIC) must(player, MPI_Get_address(w->base, &address));
    must(player, MPI_Allgather(&address, 1, MPI_AINT, w->address, 1, MPI_AINT, comm));
}

/* The displacement of a byte of a rank's memory. */
static MPI_Aint displacement(const Window *w, int rank, MPI_Aint byte) { return w->address[rank] + byte / w->unit[rank]; }

/* This rank's memory is what the model says. */
static void check_window(Player *player, Window *w) {
    const char *wanted = w->model[w->rank];
    for (MPI_Aint i = 0; i < w->bytes[w->rank]; i++)
        if (w->base[i] != wanted[i])
            fail(player, "byte %ld of %ld of rank %d's memory is %02x instead of %02x", (long)i, (long)w->bytes[w->rank], w->rank,
                 w->base[i] & 255, wanted[i] & 255);
    for (MPI_Aint i = 0; i < w->bytes[w->rank]; i++) player->digest += mixed((uint64_t)i << 8 | (unsigned char)wanted[i]);
}

/* `free_win - slot=` */
static void free_window(Player *player, Window *w) {
    if (!w || w->win == MPI_WIN_NULL) return;
    must(player, MPI_Barrier(w->comm)); /* nobody uses it any more */
    if (w->flavour == DYNAMIC && w->bytes[w->rank]) must(player, MPI_Win_detach(w->win, w->base));
    must(player, MPI_Win_free(&w->win));
    if (w->win != MPI_WIN_NULL) fail(player, "a freed window is not null");
    free(w->own);
    for (int rank = 0; rank < w->size; rank++) free(w->model[rank]);
}

static void begin_windows(void) {
    for (int i = 0; i < MOST_WINDOWS; i++) windows[i].win = MPI_WIN_NULL;
}
static void end_windows(Player *player) {
    for (int i = 0; i < MOST_WINDOWS; i++) free_window(player, &windows[i]);
}
