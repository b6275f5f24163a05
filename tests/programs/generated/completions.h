/* Completing requests in all ways MPI has. */

typedef struct {
    int count, left;
    int slots[MOST_LISTED]; /* -1: MPI_REQUEST_NULL */
    MPI_Request requests[MOST_LISTED];
    MPI_Status statuses[MOST_LISTED];
} Set;

/* One request has ended; `error` is its own. */
static void ended(Player *player, Set *set, int index, const MPI_Status *status, int error) {
    if (index < 0 || index >= set->count || set->slots[index] < 0) fail(player, "request %d is said to have ended", index);
    Slot *slot = slot_at(player, set->slots[index]);
    if (slot->done) fail(player, "request %d ended twice", index);
    slot->request = set->requests[index];
    if (!slot->persistent && slot->request != MPI_REQUEST_NULL) fail(player, "request %d is not null after its end", index);
    if (slot->persistent && slot->request == MPI_REQUEST_NULL) fail(player, "persistent request %d is null after its end", index);
    slot->done = 1, slot->error = error, slot->statusless = status == NULL;
    if (status) slot->status = *status;
    set->left--;
}

/* The error of entry `i` after a call that returned `error`. */
static int own_error(int error, const MPI_Status *status) {
    return class_of(error) == MPI_ERR_IN_STATUS ? status->MPI_ERROR : error;
}

static void all_ended(Player *player, Set *set, int error) {
    for (int i = 0; i < set->count; i++) {
        if (set->slots[i] < 0 || slot_at(player, set->slots[i])->done) continue;
        int own = own_error(error, &set->statuses[i]);
        if (class_of(own) != MPI_ERR_PENDING) ended(player, set, i, &set->statuses[i], own);
    }
}

static void some_ended(Player *player, Set *set, int error, int count, const int *indices) {
    for (int i = 0; i < count; i++) ended(player, set, indices[i], &set->statuses[i], own_error(error, &set->statuses[i]));
}

static void one_by_one(Player *player, Set *set, const char *how) {
    for (int i = set->count - 1; i >= 0; i--) {
        if (set->slots[i] < 0) continue;
        MPI_Status *status = &set->statuses[i];
        MPI_Request *request = &set->requests[i];
        int flag = 0, error = MPI_SUCCESS;
        if (!strcmp(how, "wait")) error = MPI_Wait(request, status);
        else if (!strcmp(how, "test")) while (!flag && error == MPI_SUCCESS) error = MPI_Test(request, &flag, status);
        else { /* look first, twice; the request stays */
            MPI_Status seen;
            while (!flag) MPI_Request_get_status(*request, &flag, &seen); /* may return the error of the request itself */
            MPI_Request_get_status(*request, &flag, MPI_STATUS_IGNORE);
            if (!flag) fail(player, "a request that had ended has not");
            error = MPI_Wait(request, status);
        }
        ended(player, set, i, status, error);
    }
}

/* `complete HOW slots= [ignore=1]`; HOW is waitall, waitany, waitsome, testall, testany, testsome, wait, test or get_status;
 * ignore: without statuses. Entry -1 is MPI_REQUEST_NULL. */
static void do_complete(Player *player, const char *line) {
    char how[24];
    word(line, 1, how, sizeof how);
    Set *set = calloc(1, sizeof *set);
    set->count = list(line, "slots", set->slots);
    for (int i = 0; i < set->count; i++) {
        Slot *slot = set->slots[i] < 0 ? NULL : slot_at(player, set->slots[i]);
        if (slot && slot->done) set->slots[i] = -1; /* it ended at once */
        set->requests[i] = slot ? slot->request : MPI_REQUEST_NULL;
        if (slot && !slot->done) set->left++;
    }
    int ignore = number(line, "ignore", 0) != 0, flag = 0, count = 0, index = 0, error, indices[MOST_LISTED];
    MPI_Status one;
    if (!strcmp(how, "waitall") && ignore) {
        must(player, MPI_Waitall(set->count, set->requests, MPI_STATUSES_IGNORE));
        for (int i = 0; i < set->count; i++) if (set->slots[i] >= 0) ended(player, set, i, NULL, MPI_SUCCESS);
    } else if (!strcmp(how, "wait") || !strcmp(how, "test") || !strcmp(how, "get_status")) one_by_one(player, set, how);
    while (set->left > 0) {
        int before = set->left;
        if (!strcmp(how, "waitall")) {
            error = MPI_Waitall(set->count, set->requests, set->statuses);
            all_ended(player, set, error);
        } else if (!strcmp(how, "testall")) {
            error = MPI_Testall(set->count, set->requests, &flag, set->statuses);
            if (flag || error != MPI_SUCCESS) all_ended(player, set, error);
            else continue;
        } else if (!strcmp(how, "waitany")) {
            error = MPI_Waitany(set->count, set->requests, &index, &one);
            if (index == MPI_UNDEFINED) fail(player, "MPI_Waitany found no active request of %d", set->left);
            ended(player, set, index, &one, error);
        } else if (!strcmp(how, "testany")) {
            error = MPI_Testany(set->count, set->requests, &index, &flag, &one);
            if (!flag && error == MPI_SUCCESS) continue;
            if (index == MPI_UNDEFINED) fail(player, "MPI_Testany found no active request of %d", set->left);
            ended(player, set, index, &one, error);
        } else {
            int wait = !strcmp(how, "waitsome");
            error = (wait ? MPI_Waitsome : MPI_Testsome)(set->count, set->requests, &count, indices, set->statuses);
            if (count == MPI_UNDEFINED) fail(player, "%s found no active request of %d", how, set->left);
            some_ended(player, set, error, count, indices);
            if (!wait) continue;
        }
        if (set->left == before) fail(player, "%s returned without an end, error class %d", how, class_of(error));
    }
    free(set);
}

/* `cancel - slot=` */
static void do_cancel(Player *player, const char *line) {
    Slot *slot = slot_of(player, line);
    if (!slot->done) must(player, MPI_Cancel(&slot->request));
    slot->cancellable |= 2;
}

/* `free - slot=`: MPI_Request_free of a send under way, or of a persistent request that is not. */
static void do_free(Player *player, const char *line) {
    Slot *slot = slot_of(player, line);
    if (slot->request != MPI_REQUEST_NULL) must(player, MPI_Request_free(&slot->request));
    if (slot->request != MPI_REQUEST_NULL) fail(player, "a freed request is not null");
    slot->done = 1, slot->persistent = 0, slot->statusless = 1;
}

/* `again - slot= into=`: the receive of `slot` was to be cancelled; if it was, its message is still to come. */
static void do_again(Player *player, const char *line) {
    Slot *slot = slot_of(player, line), *into = slot_at(player, number(line, "into", -1));
    int cancelled = 0;
    must(player, MPI_Test_cancelled(&slot->status, &cancelled));
    if (!cancelled) return;
    *into = (Slot){.kind = RECEIVE, .request = MPI_REQUEST_NULL, .comm = slot->comm, .peer = slot->peer, .tag = slot->tag};
    into->order = player->order++;
    into->room = room_make(player, slot->room.type, slot->room.count);
    into->error = call_receive(into, 0, comms[slot->comm]);
    into->done = 1;
}

/* `tell - slot= comm= to= tag=`: whether the send of `slot` was cancelled. `hear - comm= from= tag= about=` expects that
 * message; if so, no message of tag `about` from there will come (not probed for with blind=1). */
static void do_tell(Player *player, const char *line) {
    int cancelled = 0;
    must(player, MPI_Test_cancelled(&slot_of(player, line)->status, &cancelled));
    must(player, MPI_Send(&cancelled, 1, MPI_INT, (int)number(line, "to", 0), (int)number(line, "tag", 0), comm_of(player, line, "comm")));
}
static int do_hear(Player *player, const char *line) {
    int cancelled = 0, from = (int)number(line, "from", 0), about = (int)number(line, "about", 0);
    MPI_Comm comm = comm_of(player, line, "comm");
    must(player, MPI_Recv(&cancelled, 1, MPI_INT, from, (int)number(line, "tag", 0), comm, MPI_STATUS_IGNORE));
    if (!cancelled) return 0;
    int flag = 0;
    if (!number(line, "blind", 0)) must(player, MPI_Iprobe(from, about, comm, &flag, MPI_STATUS_IGNORE));
    if (flag) fail(player, "a cancelled message can be probed");
    for (int i = 0; i < player->inbound_count; i++) {
        Inbound *inbound = &player->inbound[i];
        if (inbound->comm == number(line, "comm", 0) && inbound->source == from && inbound->tag == about) inbound->taken = 1;
    }
    return 1;
}
