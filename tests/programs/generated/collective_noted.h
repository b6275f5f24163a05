/* One-sided operations under way while collective ones are: notes that ranks leave in windows, in one epoch per communicator
 * that lasts as long as the case. Each note has a place of its own in the memory of all ranks. */
#define MOST_NOTES 512

typedef struct {
    MPI_Win win;
    MPI_Comm comm;
    int rank, size, count, checked;
    int64_t *memory;
    int64_t keys[MOST_NOTES], sent[MOST_NOTES], fetched[MOST_NOTES];
} Notes;

static Notes notes[MOST_COMMS];

static void begin_notes(void) {
    for (int i = 0; i < MOST_COMMS; i++) notes[i].win = MPI_WIN_NULL;
}

static Notes *notes_on(Player *player, const char *line) {
    Notes *n = &notes[number(line, "comm", 0)];
    if (n->win != MPI_WIN_NULL) return n;
    *n = (Notes){.comm = comm_of(player, line, "comm")};
    MPI_Aint bytes = MOST_NOTES * sizeof *n->memory;
    must(player, MPI_Comm_rank(n->comm, &n->rank)), must(player, MPI_Comm_size(n->comm, &n->size));
    must(player, MPI_Win_allocate(bytes, sizeof *n->memory, MPI_INFO_NULL, n->comm, &n->memory, &n->win));
    must(player, MPI_Win_lock_all(0, n->win));
    memset(n->memory, 0, bytes);
    must(player, MPI_Win_sync(n->win));
    must(player, MPI_Barrier(n->comm)); /* nobody leaves a note before all are ready */
    return n;
}

/* What a rank puts. */
static int64_t note_of(int rank, int64_t key) { return key * 100 + rank + 1; }

enum { TO_THE_RIGHT, SUM_AT_ONE, TICKET_AT_ONE, NOTES };

/* `note - comm= key=` */
static void leave_note(Player *player, const char *line) {
    Notes *n = notes_on(player, line);
    if (n->count == MOST_NOTES) fail(player, "too many notes");
    int at = n->count++;
    int64_t key = n->keys[at] = number(line, "key", 0) % 1000, *sent = &n->sent[at];
    int one = (int)(key / NOTES) % n->size;
    switch (key % NOTES) {
        case TO_THE_RIGHT:
            *sent = note_of(n->rank, key);
            must(player, MPI_Put(sent, 1, MPI_INT64_T, (n->rank + 1) % n->size, at, 1, MPI_INT64_T, n->win));
            break;
        case SUM_AT_ONE:
            *sent = n->rank + 1;
            must(player, MPI_Accumulate(sent, 1, MPI_INT64_T, one, at, 1, MPI_INT64_T, MPI_SUM, n->win));
            break;
        default:
            *sent = 1;
            must(player, MPI_Fetch_and_op(sent, &n->fetched[at], MPI_INT64_T, one, at, MPI_SUM, n->win));
    }
}

static void check_note(Player *player, const Notes *n, int at) {
    int64_t key = n->keys[at], kind = key % NOTES, wanted = 0, size = n->size;
    if (kind == TO_THE_RIGHT) wanted = note_of((n->rank + n->size - 1) % n->size, key);
    else if (n->rank == (key / NOTES) % size) wanted = kind == SUM_AT_ONE ? size * (size + 1) / 2 : size;
    if (n->memory[at] != wanted)
        fail(player, "note %d (of kind %ld) holds %ld instead of %ld", at, (long)kind, (long)n->memory[at], (long)wanted);
    if (kind == TICKET_AT_ONE) { /* everybody got another number */
        int64_t mine = n->fetched[at] < 0 || n->fetched[at] >= 63 ? 0 : (int64_t)1 << n->fetched[at], all = 0;
        must(player, MPI_Allreduce(&mine, &all, 1, MPI_INT64_T, MPI_BOR, n->comm));
        if (all != ((int64_t)1 << size) - 1) fail(player, "tickets at note %d: %lx", at, (long)all);
    }
}

/* All notes so far arrive, and are what they should be. */
static void check_notes(Player *player) {
    for (int i = 0; i < MOST_COMMS; i++) {
        Notes *n = &notes[i];
        if (n->win == MPI_WIN_NULL || n->checked == n->count) continue;
        must(player, MPI_Win_flush_all(n->win));
        must(player, MPI_Barrier(n->comm));
        must(player, MPI_Win_sync(n->win));
        for (; n->checked < n->count; n->checked++) check_note(player, n, n->checked);
    }
}

static void end_notes(Player *player) {
    for (int i = 0; i < MOST_COMMS; i++) {
        if (notes[i].win == MPI_WIN_NULL) continue;
        must(player, MPI_Win_unlock_all(notes[i].win));
        must(player, MPI_Win_free(&notes[i].win));
    }
}
