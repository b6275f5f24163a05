/* Sends, receives and probes in all their forms. */
#include <unistd.h>

static int peer_of(int64_t given) { return given == ANY ? MPI_ANY_SOURCE : given == NULL_PEER ? MPI_PROC_NULL : (int)given; }
static int tag_of(int64_t given) { return given == ANY ? MPI_ANY_TAG : (int)given; }

#define SEND_ARGUMENTS(COUNT) room->at, (COUNT)room->count, type, peer, tag, comm
/* Calls MPI_NAME or MPI_NAME_c. */
#define SEND_AS(text, NAME) \
    if (!strcmp(how, text)) return large ? NAME##_c(SEND_ARGUMENTS(MPI_Count)) : NAME(SEND_ARGUMENTS(int))
#define START_AS(text, NAME) \
    if (!strcmp(how, text)) return large ? NAME##_c(SEND_ARGUMENTS(MPI_Count), request) : NAME(SEND_ARGUMENTS(int), request)

static int call_send(const char *how, int large, Room *room, int peer, int tag, MPI_Comm comm, MPI_Request *request) {
    MPI_Datatype type = types[room->type].handle;
    SEND_AS("send", MPI_Send);
    SEND_AS("bsend", MPI_Bsend);
    SEND_AS("ssend", MPI_Ssend);
    SEND_AS("rsend", MPI_Rsend);
    START_AS("isend", MPI_Isend);
    START_AS("ibsend", MPI_Ibsend);
    START_AS("issend", MPI_Issend);
    START_AS("irsend", MPI_Irsend);
    START_AS("send_init", MPI_Send_init);
    START_AS("bsend_init", MPI_Bsend_init);
    START_AS("ssend_init", MPI_Ssend_init);
    START_AS("rsend_init", MPI_Rsend_init);
    return MPI_ERR_OTHER;
}

static Slot *fill_slot(Player *player, const char *line, Kind kind) {
    Slot *slot = slot_of(player, line);
    if (slot->kind != UNUSED) fail(player, "the script uses a slot twice");
    *slot = (Slot){.kind = kind, .request = MPI_REQUEST_NULL, .comm = (int)number(line, "comm", 0)};
    return slot;
}

/* `send HOW slot= comm= to= tag= type= count= key= [large=1]` */
static void do_send(Player *player, const char *line) {
    char how[24];
    word(line, 1, how, sizeof how);
    Slot *slot = fill_slot(player, line, SEND);
    slot->room = room_make(player, (int)number(line, "type", 0), number(line, "count", 0));
    room_fill(player, &slot->room, natural(line, "key"));
    must(player, call_send(how, number(line, "large", 0) != 0, &slot->room, peer_of(number(line, "to", 0)),
                           (int)number(line, "tag", 0), comm_of(player, line, "comm"), &slot->request));
    slot->persistent = strstr(how, "_init") != NULL;
    slot->done = slot->persistent || slot->request == MPI_REQUEST_NULL;
}

/* A receive that has been posted, or was found by a probe, in its turn. */
static Slot *new_receive(Player *player, const char *line) {
    Slot *slot = fill_slot(player, line, RECEIVE);
    slot->room = room_make(player, (int)number(line, "type", 0), number(line, "count", 0));
    slot->peer = (int)number(line, "from", 0), slot->tag = (int)number(line, "tag", 0);
    slot->order = player->order++;
    slot->cancellable = (int)number(line, "cancel", 0);
    return slot;
}

static int call_receive(Slot *slot, int large, MPI_Comm comm) {
    Room *room = &slot->room;
    MPI_Datatype type = types[room->type].handle;
    int peer = peer_of(slot->peer), tag = tag_of(slot->tag);
    return large ? MPI_Recv_c(room->at, room->count, type, peer, tag, comm, &slot->status)
                 : MPI_Recv(room->at, (int)room->count, type, peer, tag, comm, &slot->status);
}

static int start_receive(const char *how, Slot *slot, int large, MPI_Comm comm) {
    Room *room = &slot->room;
    MPI_Datatype type = types[room->type].handle;
    int peer = peer_of(slot->peer), tag = tag_of(slot->tag), small = (int)room->count;
    if (!strcmp(how, "irecv"))
        return large ? MPI_Irecv_c(room->at, room->count, type, peer, tag, comm, &slot->request)
                     : MPI_Irecv(room->at, small, type, peer, tag, comm, &slot->request);
    return large ? MPI_Recv_init_c(room->at, room->count, type, peer, tag, comm, &slot->request)
                 : MPI_Recv_init(room->at, small, type, peer, tag, comm, &slot->request);
}

/* A probe of the given kind, and the receive of what it found. */
static int probe_and_receive(Player *player, const char *how, Slot *slot, int large, MPI_Comm comm) {
    Room *room = &slot->room;
    MPI_Datatype type = types[room->type].handle;
    int peer = peer_of(slot->peer), tag = tag_of(slot->tag), flag = 0, small = (int)room->count;
    MPI_Status seen;
    if (!strcmp(how, "probe") || !strcmp(how, "iprobe")) {
        if (!strcmp(how, "probe")) must(player, MPI_Probe(peer, tag, comm, &seen));
        else while (!flag) must(player, MPI_Iprobe(peer, tag, comm, &flag, &seen));
        int error = large ? MPI_Recv_c(room->at, room->count, type, seen.MPI_SOURCE, seen.MPI_TAG, comm, &slot->status)
                          : MPI_Recv(room->at, small, type, seen.MPI_SOURCE, seen.MPI_TAG, comm, &slot->status);
        if (slot->status.MPI_SOURCE != seen.MPI_SOURCE || slot->status.MPI_TAG != seen.MPI_TAG)
            fail(player, "probed source %d tag %d, received %d %d", seen.MPI_SOURCE, seen.MPI_TAG, slot->status.MPI_SOURCE, slot->status.MPI_TAG);
        MPI_Count probed = 0, received = 0;
        MPI_Get_elements_x(&seen, MPI_BYTE, &probed), MPI_Get_elements_x(&slot->status, MPI_BYTE, &received);
        if (error == MPI_SUCCESS && probed != received) fail(player, "probed %ld bytes, received %ld", (long)probed, (long)received);
        return error;
    }
    MPI_Message message = MPI_MESSAGE_NULL;
    if (how[0] == 'm') must(player, MPI_Mprobe(peer, tag, comm, &message, &seen));
    else while (!flag) must(player, MPI_Improbe(peer, tag, comm, &flag, &message, &seen));
    if (message == MPI_MESSAGE_NULL) fail(player, "a matched probe gave no message");
    int error;
    if (strstr(how, "_mrecv"))
        error = large ? MPI_Mrecv_c(room->at, room->count, type, &message, &slot->status)
                      : MPI_Mrecv(room->at, small, type, &message, &slot->status);
    else
        error = large ? MPI_Imrecv_c(room->at, room->count, type, &message, &slot->request)
                      : MPI_Imrecv(room->at, small, type, &message, &slot->request);
    if (error == MPI_SUCCESS && message != MPI_MESSAGE_NULL) fail(player, "a received message's handle is not null");
    return error;
}

/* `recv HOW slot= comm= from= tag= type= count= [large=1] [cancel=1]`; HOW is recv, irecv, recv_init, probe, iprobe, or
 * mprobe or improbe with _mrecv or _imrecv. */
static void do_receive(Player *player, const char *line) {
    char how[24];
    word(line, 1, how, sizeof how);
    MPI_Comm comm = comm_of(player, line, "comm");
    int large = number(line, "large", 0) != 0;
    Slot *slot = new_receive(player, line);
    if (!strcmp(how, "irecv") || !strcmp(how, "recv_init")) must(player, start_receive(how, slot, large, comm));
    else slot->error = !strcmp(how, "recv") ? call_receive(slot, large, comm) : probe_and_receive(player, how, slot, large, comm);
    slot->persistent = !strcmp(how, "recv_init");
    if (slot->persistent) slot->order = -1;
    slot->done = !slot->persistent && slot->request == MPI_REQUEST_NULL;
}

/* `start - slots= [key=]` or `start all slots=`: the key's sum with a slot's number is the key of its message. */
static void do_start(Player *player, const char *line) {
    int slots[MOST_LISTED], count = list(line, "slots", slots);
    MPI_Request requests[MOST_LISTED];
    for (int i = 0; i < count; i++) {
        Slot *slot = slot_at(player, slots[i]);
        slot->done = 0;
        if (slot->kind == SEND) room_fill(player, &slot->room, natural(line, "key") + (uint64_t)slots[i]);
        else room_clear(&slot->room), slot->order = player->order++;
        requests[i] = slot->request;
    }
    char how[24];
    if (!strcmp(word(line, 1, how, sizeof how), "all")) must(player, MPI_Startall(count, requests));
    else for (int i = 0; i < count; i++) must(player, MPI_Start(&requests[i]));
    for (int i = 0; i < count; i++) slot_at(player, slots[i])->request = requests[i];
}

/* `collective HOW slot= comm=`: ibarrier, or the sum of `value=` of all, which is `sum=`. */
static void do_collective(Player *player, const char *line) {
    char how[24];
    word(line, 1, how, sizeof how);
    Slot *slot = fill_slot(player, line, COLLECTIVE);
    MPI_Comm comm = comm_of(player, line, "comm");
    if (!strcmp(how, "ibarrier")) {
        must(player, MPI_Ibarrier(comm, &slot->request));
        return;
    }
    slot->room = room_make(player, 6, 2); /* given, and the sum */
    int64_t *numbers = (int64_t *)slot->room.at;
    numbers[0] = number(line, "value", 0), slot->sum = number(line, "sum", 0);
    must(player, MPI_Iallreduce(&numbers[0], &numbers[1], 1, MPI_LONG_LONG, MPI_SUM, comm, &slot->request));
}

/* `pause - us=` */
static void do_pause(const char *line) { usleep((unsigned)number(line, "us", 0)); }

/* `nothing - comm= from= tag=`: no such message is there. */
static void do_nothing_there(Player *player, const char *line) {
    int flag = 0;
    must(player, MPI_Iprobe(peer_of(number(line, "from", 0)), tag_of(number(line, "tag", 0)), comm_of(player, line, "comm"), &flag, MPI_STATUS_IGNORE));
    if (flag) fail(player, "a message is there that nobody sent");
}
