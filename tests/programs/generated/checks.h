/* The model of matching: messages of one source, in the order sent, go to the receives that fit, in the order posted. */

/* `inbound - comm= source= tag= bytes= key=`: one message that this rank will get; those of a source in the order sent. */
static void do_inbound(Player *player, const char *line) {
    if (player->inbound_count == MOST_INBOUND) fail(player, "too many messages");
    player->inbound[player->inbound_count++] = (Inbound){
        .comm = (int)number(line, "comm", 0), .source = (int)number(line, "source", 0), .tag = (int)number(line, "tag", 0),
        .bytes = (long)number(line, "bytes", 0), .key = natural(line, "key")};
}

static void check_null_peer(Player *player, const Slot *slot) {
    MPI_Count bytes = -1;
    must(player, MPI_Get_elements_x(&slot->status, MPI_BYTE, &bytes));
    if (slot->status.MPI_SOURCE != MPI_PROC_NULL || slot->status.MPI_TAG != MPI_ANY_TAG || bytes != 0)
        fail(player, "from MPI_PROC_NULL: source %d tag %d bytes %ld", slot->status.MPI_SOURCE, slot->status.MPI_TAG, (long)bytes);
    room_check(player, &slot->room, 0, 0, slot->room.copy);
    player->digest += 11;
}

/* Counts as MPI_Get_count sees them, and MPI_Get_elements in bytes: MPICH 4.0.2 has divided by 0 there. */
static void check_counts(Player *player, const Slot *slot, long bytes) {
    const Type *type = &types[slot->room.type];
    int count = -7;
    MPI_Count raw = -7;
    must(player, MPI_Get_elements_x(&slot->status, MPI_BYTE, &raw));
    if (raw != bytes) fail(player, "%ld bytes received instead of %ld", (long)raw, bytes);
    must(player, MPI_Get_count(&slot->status, type->handle, &count));
    if (type->size > 0 && count != (bytes % type->size ? MPI_UNDEFINED : (int)(bytes / type->size)))
        fail(player, "MPI_Get_count says %d, %ld bytes received of a type of %ld", count, bytes, (long)type->size);
    player->digest += mixed((uint64_t)count);
}

static Inbound *matching(Player *player, const Slot *slot) {
    for (int i = 0; i < player->inbound_count; i++) {
        Inbound *inbound = &player->inbound[i];
        if (!inbound->taken && inbound->comm == slot->comm && inbound->source == slot->status.MPI_SOURCE &&
            (slot->tag == ANY || slot->tag == inbound->tag))
            return inbound;
    }
    return NULL;
}

static void check_received(Player *player, Slot *slot) {
    int source = slot->status.MPI_SOURCE, tag = slot->status.MPI_TAG, cancelled = 0;
    if (slot->peer == NULL_PEER) {
        must(player, slot->error);
        check_null_peer(player, slot);
        return;
    }
    if (slot->cancellable) must(player, MPI_Test_cancelled(&slot->status, &cancelled));
    if ((slot->cancellable & 1) && !cancelled) fail(player, "a receive without a message was not cancelled");
    if (cancelled) {
        room_check(player, &slot->room, 0, 0, slot->room.copy);
        player->digest += slot->cancellable & 1;
        return;
    }
    Inbound *inbound = matching(player, slot);
    if (!inbound || (slot->peer != ANY && slot->peer != source))
        fail(player, "receive %d (comm %d source %d tag %d) got a message of source %d tag %d that was not due", slot->order,
             slot->comm, slot->peer, slot->tag, source, tag);
    inbound->taken = 1;
    if (inbound->tag != tag)
        fail(player, "receive %d (comm %d source %d tag %d): tag %d from %d overtook tag %d", slot->order, slot->comm,
             slot->peer, slot->tag, tag, source, inbound->tag);
    long capacity = room_capacity(&slot->room);
    if (inbound->bytes > capacity) {
        if (class_of(slot->error) != MPI_ERR_TRUNCATE)
            fail(player, "%ld bytes into %ld: error class %d", inbound->bytes, capacity, class_of(slot->error));
        room_check_outside(player, &slot->room);
    } else {
        must(player, slot->error);
        check_counts(player, slot, inbound->bytes);
        room_check(player, &slot->room, inbound->key, inbound->bytes, slot->room.copy);
    }
    player->digest += mixed(inbound->key ^ (uint64_t)inbound->bytes << 20 ^ (uint64_t)source << 8 ^ (uint64_t)tag);
}

static void check_other(Player *player, const Slot *slot) {
    must(player, slot->error);
    if (slot->kind == SEND) room_check_unchanged(player, &slot->room);
    else if (slot->room.at && ((int64_t *)slot->room.at)[1] != slot->sum)
        fail(player, "the sum is %ld instead of %ld", (long)((int64_t *)slot->room.at)[1], (long)slot->sum);
}

/* `check -`: everything has ended; what came is what the model says. */
static void do_check(Player *player) {
    Slot *received[MOST_SLOTS] = {0};
    int first = player->order;
    for (int i = 0; i < MOST_SLOTS; i++) {
        Slot *slot = &player->slots[i];
        if (slot->kind == UNUSED) continue;
        if (!slot->done && !slot->persistent) fail(player, "slot %d has not ended", i);
        if (slot->kind != RECEIVE) check_other(player, slot);
        else if (slot->order >= 0) {
            if (slot->order >= MOST_SLOTS) fail(player, "too many receives");
            received[slot->order] = slot;
        }
    }
    for (int i = 0; i < first; i++) if (received[i]) check_received(player, received[i]);
    for (int i = 0; i < player->inbound_count; i++)
        if (!player->inbound[i].taken)
            fail(player, "the message of tag %d from %d did not come", player->inbound[i].tag, player->inbound[i].source);
    for (int i = 0; i < MOST_SLOTS; i++) {
        Slot *slot = &player->slots[i];
        if (slot->kind == UNUSED) continue;
        if (slot->persistent) slot->order = -1;
        else room_free(&slot->room), *slot = (Slot){0};
    }
    player->order = player->inbound_count = 0;
}
