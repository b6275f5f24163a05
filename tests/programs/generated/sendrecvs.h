/* MPI_Sendrecv and its relatives: two slots, of which the sending one is complete with the receiving one. */

/* `sendrecv HOW slot= comm= from= rtag= rtype= rcount= to= stag= stype= scount= key= [large=1]`; HOW is sendrecv, isendrecv,
 * replace or ireplace; the last two use rtype and rcount for both. The sent data is in slot `slot` + 1. */
static void do_sendrecv(Player *player, const char *line) {
    char how[24];
    word(line, 1, how, sizeof how);
    MPI_Comm comm = comm_of(player, line, "comm");
    int large = number(line, "large", 0) != 0, replace = strstr(how, "replace") != NULL, later = how[0] == 'i';
    int from = peer_of(number(line, "from", 0)), to = peer_of(number(line, "to", 0));
    int stag = (int)number(line, "stag", 0), rtag = tag_of(number(line, "rtag", 0));
    Slot *slot = fill_slot(player, line, RECEIVE);
    slot->peer = (int)number(line, "from", 0), slot->tag = (int)number(line, "rtag", 0), slot->order = player->order++;
    slot->room = room_make(player, (int)number(line, "rtype", 0), number(line, "rcount", 0));
    Room *in = &slot->room;
    MPI_Datatype rtype = types[in->type].handle;
    MPI_Request *request = &slot->request;
    MPI_Status *status = &slot->status;
    if (replace) {
        room_fill(player, in, natural(line, "key"));
        if (later)
            slot->error = large ? MPI_Isendrecv_replace_c(in->at, in->count, rtype, to, stag, from, rtag, comm, request)
                                : MPI_Isendrecv_replace(in->at, (int)in->count, rtype, to, stag, from, rtag, comm, request);
        else
            slot->error = large ? MPI_Sendrecv_replace_c(in->at, in->count, rtype, to, stag, from, rtag, comm, status)
                                : MPI_Sendrecv_replace(in->at, (int)in->count, rtype, to, stag, from, rtag, comm, status);
    } else {
        Slot *sent = slot_at(player, number(line, "slot", 0) + 1);
        if (sent->kind != UNUSED) fail(player, "the script uses a slot twice");
        *sent = (Slot){.kind = SEND, .request = MPI_REQUEST_NULL, .done = 1};
        sent->room = room_make(player, (int)number(line, "stype", 0), number(line, "scount", 0));
        room_fill(player, &sent->room, natural(line, "key"));
        Room *out = &sent->room;
        MPI_Datatype stype = types[out->type].handle;
        int some = (int)out->count, most = (int)in->count;
        if (later)
            slot->error = large ? MPI_Isendrecv_c(out->at, out->count, stype, to, stag, in->at, in->count, rtype, from, rtag, comm, request)
                                : MPI_Isendrecv(out->at, some, stype, to, stag, in->at, most, rtype, from, rtag, comm, request);
        else
            slot->error = large ? MPI_Sendrecv_c(out->at, out->count, stype, to, stag, in->at, in->count, rtype, from, rtag, comm, status)
                                : MPI_Sendrecv(out->at, some, stype, to, stag, in->at, most, rtype, from, rtag, comm, status);
    }
    slot->done = slot->request == MPI_REQUEST_NULL;
}
