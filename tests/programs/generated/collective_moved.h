/* Operations that move data. Block (s, d) of a call, from rank s to rank d, holds bytes made of the call's key, s and d; its length
 * is a multiple of the line's `scount` elements of `stype`, which are as many bytes as `rcount` elements of `rtype`. */

static uint64_t block_key(uint64_t key, int s, int d) { return mixed(key + (uint64_t)s * 1000 + (uint64_t)d); }

/* How often the counts are taken for a block: the same for all but in the varying operations. */
static int multiple(uint64_t key, int s, int d, int varies) { return varies ? (int)(block_key(key ^ 77, s, d) % 4) : 1; }

/* The order in which the blocks of varying operations lie. */
static void order_of(uint64_t key, int rank, int size, int varies, int *order) {
    for (int i = 0; i < size; i++) order[i] = i;
    for (int i = size - 1; i > 0 && varies; i--) {
        int k = (int)(mixed(key + (uint64_t)(rank * 100 + i)) % (uint64_t)(i + 1)), held = order[i];
        order[i] = order[k], order[k] = held;
    }
}

typedef struct { int *counts, *displs; MPI_Count *bigcounts; MPI_Aint *bigdispls; MPI_Datatype *types; } Arrays;


/* Lays out blocks and returns their packed contents; `sending`: block i goes from `rank` to i, else from i to `rank` (`common`: the
 * data does not depend on the receiver). */
static char *layout(Player *player, uint64_t key, int rank, int size, int varies, int sending, int common, int type, int elements,
                    Arrays at, MPI_Count *total, int bytes_displs) {
    int order[MOST_RANKS], next = 0;
    long element = (long)types[type].size, capacity = 0;
    order_of(key ^ (uint64_t)sending, rank, size, varies, order);
    for (int i = 0; i < size; i++) {
        int s = sending ? rank : i, d = sending ? i : rank;
        capacity += (long)multiple(key, s, common ? 0 : d, varies) * elements * element;
    }
    char *packed = malloc((size_t)capacity + 8), *fill = packed;
    for (int i = 0; i < size; i++) {
        int peer = order[i], s = sending ? rank : peer, d = sending ? peer : rank;
        int count = multiple(key, s, common ? 0 : d, varies) * elements;
        at.counts[peer] = count, at.bigcounts[peer] = count, at.types[peer] = type_at(player, type)->handle;
        at.displs[peer] = next * (bytes_displs ? (int)types[type].extent : 1), at.bigdispls[peer] = at.displs[peer];
        bytes_of_key(block_key(key, s, common ? 0 : d), fill, count * element);
        fill += count * element, next += count;
    }
    *total = next;
    return packed;
}

static Room filled(Player *player, int type, MPI_Count count, const char *packed) {
    Room room = room_make(player, type, count);
    lay(player, &room, room.memory, packed, room_capacity(&room));
    room.copy = malloc(room.bytes);
    memcpy(room.copy, room.memory, room.bytes);
    return room;
}

/* `move OP comm= root= key= form= large= in_place= varies= stype= scount= rtype= rcount=` */
static void move_data(Player *player, const char *line) {
    char op[24];
    word(line, 1, op, sizeof op);
    MPI_Comm comm = comm_of(player, line, "comm");
    int rank, size, form = (int)number(line, "form", 0) % FORMS, large = (int)number(line, "large", 0);
    must(player, MPI_Comm_rank(comm, &rank)), must(player, MPI_Comm_size(comm, &size));
    int root = (int)(natural(line, "root") % (uint64_t)size), varies = (int)number(line, "varies", 0), in_place = (int)number(line, "in_place", 0);
    int stype = (int)number(line, "stype", 0), rtype = (int)number(line, "rtype", 0);
    int scount = (int)number(line, "scount", 0), rcount = (int)number(line, "rcount", 0);
    uint64_t key = natural(line, "key");
    MPI_Datatype sendtype = type_at(player, stype)->handle, type = type_at(player, rtype)->handle;
    Call *call = call_begin(player);
    if (!strcmp(op, "barrier")) {
        MAKE(Barrier, Ibarrier, Barrier_init, comm);
    } else if (!strcmp(op, "bcast")) {
        int mine = rank == root ? stype : rtype, count = rank == root ? scount : rcount;
        call->receive = room_make(player, mine, count);
        call->wanted = malloc((size_t)room_capacity(&call->receive) + 8);
        bytes_of_key(key, call->wanted, room_capacity(&call->receive));
        if (rank == root) {
            call->before = malloc((size_t)room_capacity(&call->receive) + 8);
            bytes_of_key(key, call->before, room_capacity(&call->receive));
        }
        call_prepare(player, call);
        MPI_Datatype own = type_at(player, mine)->handle;
        if (large) MAKE(Bcast_c, Ibcast_c, Bcast_init_c, call->receive.at, (MPI_Count)count, own, root, comm);
        else MAKE(Bcast, Ibcast, Bcast_init, call->receive.at, count, own, root, comm);
    } else {
        int gather = !strcmp(op, "gather"), scatter = !strcmp(op, "scatter"), all = !strcmp(op, "allgather"), bytes = !strcmp(op, "alltoallw");
        int common = gather || all, root_only = gather || scatter, at_root = rank == root;
        Arrays to = {call->counts, call->displs, call->bigcounts, call->bigdispls, call->types};
        Arrays from = {call->sendcounts, call->senddispls, call->bigsendcounts, call->bigsenddispls, call->sendtypes};
        if (in_place && !root_only) stype = rtype, scount = rcount, sendtype = type;
        MPI_Count total = 0, sent = 0;
        char *packed;
        in_place = in_place && (!root_only || at_root);
        if (in_place && !common && !scatter && varies) varies = 0; /* both directions must be alike */
        /* What is sent. */
        if (common) { /* one block */
            long length = (long)multiple(key, rank, 0, varies) * scount;
            sent = length;
            packed = malloc((size_t)(length * types[stype].size) + 8);
            bytes_of_key(block_key(key, rank, 0), packed, length * (long)types[stype].size);
            if (!in_place) call->send = filled(player, stype, length, packed);
            free(packed);
        } else if (!scatter || at_root) {
            packed = layout(player, key, rank, size, varies, 1, 0, stype, scount, from, &sent, bytes);
            if (!in_place || scatter) call->send = filled(player, stype, sent, packed);
            else call->before = packed, packed = NULL;
            free(packed);
        }
        /* What arrives. */
        if (scatter) {
            long length = (long)multiple(key, root, rank, varies) * rcount;
            total = length;
            if (!in_place) {
                call->wanted = malloc((size_t)(length * types[rtype].size) + 8);
                bytes_of_key(block_key(key, root, rank), call->wanted, length * (long)types[rtype].size);
                call->receive = room_make(player, rtype, length);
            }
        } else if (!gather || at_root) {
            call->wanted = layout(player, key, rank, size, varies, 0, common, rtype, rcount, to, &total, bytes);
            call->receive = room_make(player, rtype, total);
            if (in_place && common) { /* the own block is there */
                long own = 0, size_of = (long)types[rtype].size;
                call->before = malloc((size_t)(total * size_of) + 8);
                memset(call->before, 0x3c, (size_t)(total * size_of));
                own = call->displs[rank] * size_of;
                memcpy(call->before + own, call->wanted + own, (size_t)(call->counts[rank] * size_of));
            }
        }
        call_prepare(player, call);
        void *send = in_place && !scatter ? MPI_IN_PLACE : call->send.at, *receive = in_place && scatter ? MPI_IN_PLACE : call->receive.at;
        int count = varies ? (int)total : rcount, sendcount = (int)sent;
        if (gather && !varies) {
            if (large) MAKE(Gather_c, Igather_c, Gather_init_c, send, (MPI_Count)sendcount, sendtype, receive, (MPI_Count)rcount, type, root, comm);
            else MAKE(Gather, Igather, Gather_init, send, sendcount, sendtype, receive, rcount, type, root, comm);
        } else if (gather) {
            if (large) MAKE(Gatherv_c, Igatherv_c, Gatherv_init_c, send, (MPI_Count)sendcount, sendtype, receive, call->bigcounts, call->bigdispls, type, root, comm);
            else MAKE(Gatherv, Igatherv, Gatherv_init, send, sendcount, sendtype, receive, call->counts, call->displs, type, root, comm);
        } else if (scatter && !varies) {
            if (large) MAKE(Scatter_c, Iscatter_c, Scatter_init_c, send, (MPI_Count)scount, sendtype, receive, (MPI_Count)rcount, type, root, comm);
            else MAKE(Scatter, Iscatter, Scatter_init, send, scount, sendtype, receive, rcount, type, root, comm);
        } else if (scatter) {
            if (large) MAKE(Scatterv_c, Iscatterv_c, Scatterv_init_c, send, call->bigsendcounts, call->bigsenddispls, sendtype, receive, (MPI_Count)count, type, root, comm);
            else MAKE(Scatterv, Iscatterv, Scatterv_init, send, call->sendcounts, call->senddispls, sendtype, receive, count, type, root, comm);
        } else if (all && !varies) {
            if (large) MAKE(Allgather_c, Iallgather_c, Allgather_init_c, send, (MPI_Count)sendcount, sendtype, receive, (MPI_Count)rcount, type, comm);
            else MAKE(Allgather, Iallgather, Allgather_init, send, sendcount, sendtype, receive, rcount, type, comm);
        } else if (all) {
            if (large) MAKE(Allgatherv_c, Iallgatherv_c, Allgatherv_init_c, send, (MPI_Count)sendcount, sendtype, receive, call->bigcounts, call->bigdispls, type, comm);
            else MAKE(Allgatherv, Iallgatherv, Allgatherv_init, send, sendcount, sendtype, receive, call->counts, call->displs, type, comm);
        } else if (bytes) {
            if (large) MAKE(Alltoallw_c, Ialltoallw_c, Alltoallw_init_c, send, call->bigsendcounts, call->bigsenddispls, call->sendtypes, receive, call->bigcounts, call->bigdispls, call->types, comm);
            else MAKE(Alltoallw, Ialltoallw, Alltoallw_init, send, call->sendcounts, call->senddispls, call->sendtypes, receive, call->counts, call->displs, call->types, comm);
        } else if (varies) {
            if (large) MAKE(Alltoallv_c, Ialltoallv_c, Alltoallv_init_c, send, call->bigsendcounts, call->bigsenddispls, sendtype, receive, call->bigcounts, call->bigdispls, type, comm);
            else MAKE(Alltoallv, Ialltoallv, Alltoallv_init, send, call->sendcounts, call->senddispls, sendtype, receive, call->counts, call->displs, type, comm);
        } else {
            if (large) MAKE(Alltoall_c, Ialltoall_c, Alltoall_init_c, send, (MPI_Count)scount, sendtype, receive, (MPI_Count)rcount, type, comm);
            else MAKE(Alltoall, Ialltoall, Alltoall_init, send, scount, sendtype, receive, rcount, type, comm);
        }
    }
    call_made(player, call, line);
}
