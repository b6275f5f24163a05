/* Collective calls under way: their memory, and what their result should be. */
#define MOST_CALLS 40
#define MOST_RANKS 32

typedef struct {
    MPI_Request request;
    int persistent, starts;
    Room send, receive;
    char *wanted;                   /* packed data of `receive` afterwards, or NULL if it must not change */
    size_t tail;                    /* bytes at the end of `receive` that may be anything */
    char *before;                   /* packed data of `receive` before, if it is in place */
    /* Arguments that must last as long as the call. */
    int counts[MOST_RANKS], displs[MOST_RANKS], sendcounts[MOST_RANKS], senddispls[MOST_RANKS];
    MPI_Count bigcounts[MOST_RANKS], bigsendcounts[MOST_RANKS];
    MPI_Aint bigdispls[MOST_RANKS], bigsenddispls[MOST_RANKS];
    MPI_Datatype types[MOST_RANKS], sendtypes[MOST_RANKS];
} Call;

static Call calls[MOST_CALLS];
static int call_count;

/* What `form=` says. */
enum { BLOCKING, NONBLOCKING, PERSISTENT, FORMS };

static Call *call_begin(Player *player) {
    if (call_count == MOST_CALLS) fail(player, "too many calls at once");
    Call *call = &calls[call_count];
    *call = (Call){.request = MPI_REQUEST_NULL};
    return call;
}

/* Fills the receive buffer with what it holds at first. */
static void call_prepare(Player *player, Call *call) {
    if (!call->receive.memory) return;
    room_clear(&call->receive);
    if (call->before) lay(player, &call->receive, call->receive.memory, call->before, room_capacity(&call->receive));
}

static void call_check(Player *player, Call *call) {
    if (call->send.memory) room_check_unchanged(player, &call->send);
    Room *room = &call->receive;
    if (!room->memory) return;
    char *memory = malloc(room->bytes);
    memset(memory, UNTOUCHED, room->bytes);
    const char *packed = call->wanted ? call->wanted : call->before;
    if (packed) lay(player, room, memory, packed, room_capacity(room));
    memcpy(memory + room->bytes - GUARD - call->tail, room->memory + room->bytes - GUARD - call->tail, call->tail);
    for (size_t i = 0; i < room->bytes; i++)
        if (memory[i] != room->memory[i])
            fail(player, "byte %ld from the buffer's address on is %02x instead of %02x (type %d, %ld elements)",
                 (long)(room->memory + i - room->at), room->memory[i] & 255, memory[i] & 255, room->type, (long)room->count);
    for (size_t i = 0; i + 8 + GUARD + call->tail <= room->bytes; i += 8) {
        uint64_t next;
        memcpy(&next, room->memory + i, 8);
        player->digest = mixed(player->digest ^ next);
    }
    free(memory);
}

/* After completion: checks, starts a persistent one again, and forgets it. */
static void call_end(Player *player, Call *call) {
    call_check(player, call);
    while (call->persistent && call->starts-- > 0) {
        call_prepare(player, call);
        must(player, MPI_Start(&call->request)), must(player, MPI_Wait(&call->request, MPI_STATUS_IGNORE));
        call_check(player, call);
    }
    if (call->persistent) must(player, MPI_Request_free(&call->request));
    room_free(&call->send), room_free(&call->receive);
    free(call->wanted), free(call->before);
}

/* Makes the call in the form that the line asks for; a blocking one is over at once. */
#define MAKE(name, iname, init, ...)                                                             \
    do {                                                                                         \
        switch (form) {                                                                          \
            case BLOCKING: must(player, MPI_##name(__VA_ARGS__)); break;                         \
            case NONBLOCKING: must(player, MPI_##iname(__VA_ARGS__, &call->request)); break;     \
            default:                                                                             \
                must(player, MPI_##init(__VA_ARGS__, MPI_INFO_NULL, &call->request));            \
                must(player, MPI_Start(&call->request));                                         \
        }                                                                                        \
    } while (0)

static void call_made(Player *player, Call *call, const char *line) {
    int form = (int)number(line, "form", 0) % FORMS;
    call->persistent = form == PERSISTENT, call->starts = (int)number(line, "starts", 0);
    if (form == BLOCKING) call_end(player, call);
    else call_count++;
}
