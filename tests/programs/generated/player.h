/* Who executes instructions: a rank, or one of its threads. It knows the requests it has under way and what will arrive. */
#include <mpi.h>
#include <pthread.h>

#define MOST_SLOTS 512
#define MOST_INBOUND 512
#define ANY (-1)
#define NULL_PEER (-2)

static int me, np;
static long case_number;

typedef enum { UNUSED, SEND, RECEIVE, COLLECTIVE } Kind;

/* Memory of one side of a message. */
typedef struct {
    char *memory, *copy; /* what it held before; of `bytes` bytes */
    size_t bytes;
    char *at;            /* what MPI calls take */
    int type;
    MPI_Count count;
} Room;

typedef struct {
    Kind kind;
    MPI_Request request;
    MPI_Status status;
    Room room;
    int comm, peer, tag;  /* the peer and the tag as given: ANY, NULL_PEER */
    int order;            /* receives are matched in this order */
    int persistent, done, error, cancelled, cancellable, statusless;
    int64_t sum;          /* of a reduction under way: expected, and found in `room` */
} Slot;

typedef struct {
    int comm, source, tag, taken;
    long bytes;
    uint64_t key;
} Inbound;

typedef struct {
    const char *line;
    int thread, order, inbound_count;
    uint64_t digest;
    Slot slots[MOST_SLOTS];
    Inbound inbound[MOST_INBOUND];
} Player;

#define fail(player, ...)                                                                                      \
    do {                                                                                                       \
        fprintf(stderr, "case %ld rank %d thread %d: ", case_number, me, (player)->thread);                    \
        fprintf(stderr, __VA_ARGS__);                                                                          \
        fprintf(stderr, "\n    at: %s\n", (player)->line ? (player)->line : "-");                              \
        fflush(stderr);                                                                                        \
        MPI_Abort(MPI_COMM_WORLD, 9);                                                                          \
    } while (0)

static int class_of(int error) {
    int class = MPI_SUCCESS;
    if (error != MPI_SUCCESS) MPI_Error_class(error, &class);
    return class;
}

/* A call that must succeed. */
static void must(Player *player, int error) {
    if (error == MPI_SUCCESS) return;
    char text[MPI_MAX_ERROR_STRING];
    int length;
    MPI_Error_string(error, text, &length);
    fail(player, "an MPI call failed: %s", text);
}

/* The slot an instruction names. */
static Slot *slot_at(Player *player, int64_t index) {
    if (index < 0 || index >= MOST_SLOTS) fail(player, "the script names slot %ld", (long)index);
    return &player->slots[index];
}
static Slot *slot_of(Player *player, const char *line) { return slot_at(player, number(line, "slot", -1)); }

/* Ends a case: rank 0 writes a digest of what all have seen. It comes from all, so that nobody begins the next case before this
 * one is through: the results tell which one failed. */
static inline void end_case(Player *player, FILE *results) {
    uint64_t total = 0;
    must(player, MPI_Allreduce(&player->digest, &total, 1, MPI_UINT64_T, MPI_SUM, MPI_COMM_WORLD));
    if (results) fprintf(results, "case %ld %016llx\n", case_number, (unsigned long long)total), fflush(results);
}

/* Reads the script at `path` and plays its cases, from the line behind `case N` to the next such line; rank 0 writes to `results`. */
static inline void play_script(Player *player, Script *script, const char *path, const char *results,
                               void (*play_case)(FILE *results, int from, int to)) {
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
    *script = script_read(path, me);
    FILE *file = me == 0 ? fopen(results, "w") : NULL;
    if (script->count == 0 || (me == 0 && !file)) fail(player, "no script, or no results");
    for (int from = 0, to; from < script->count; from = to) {
        case_number = strtol(script->lines[from].text + strcspn(script->lines[from].text, " "), NULL, 10);
        for (to = from + 1; to < script->count && strncmp(script->lines[to].text, "case ", 5); to++);
        play_case(file, from + 1, to);
    }
    if (file) fclose(file);
}
