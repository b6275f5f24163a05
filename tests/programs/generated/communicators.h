/* The communicators of a case, by number; 0 is MPI_COMM_WORLD and 1 MPI_COMM_SELF. */
#define MOST_COMMS 64

static MPI_Comm comms[MOST_COMMS];

static MPI_Comm comm_of(Player *player, const char *line, const char *name) {
    int64_t index = number(line, name, 0);
    if (index < 0 || index >= MOST_COMMS || comms[index] == MPI_COMM_NULL) fail(player, "no communicator %ld", (long)index);
    return comms[index];
}

static MPI_Comm of_group(Player *player, MPI_Comm parent, const char *line, int only_members) {
    int ranks[MOST_LISTED], count = list(line, "ranks", ranks);
    MPI_Group all, part;
    MPI_Comm made;
    must(player, MPI_Comm_group(parent, &all));
    must(player, MPI_Group_incl(all, count, ranks, &part));
    if (only_members) must(player, MPI_Comm_create_group(parent, part, (int)number(line, "tag", 0), &made));
    else must(player, MPI_Comm_create(parent, part, &made));
    MPI_Group_free(&all), MPI_Group_free(&part);
    return made;
}

/* A ring, as a graph that says all of it to everybody, or each rank's neighbours to itself. */
static MPI_Comm of_graph(Player *player, MPI_Comm parent, int distributed) {
    int size, rank, index[MOST_LISTED], edges[MOST_LISTED];
    MPI_Comm made;
    must(player, MPI_Comm_size(parent, &size)), must(player, MPI_Comm_rank(parent, &rank));
    for (int i = 0; i < size; i++) index[i] = i + 1, edges[i] = (i + 1) % size;
    int next = (rank + 1) % size, last = (rank + size - 1) % size;
    if (distributed)
        must(player, MPI_Dist_graph_create_adjacent(parent, 1, &last, MPI_UNWEIGHTED, 1, &next, MPI_UNWEIGHTED,
                                                    MPI_INFO_NULL, 0, &made));
    else must(player, MPI_Graph_create(parent, size, index, edges, 0, &made));
    return made;
}

static MPI_Comm of_cart(Player *player, MPI_Comm parent, const char *line) {
    int dims[MOST_LISTED], periods[MOST_LISTED] = {1, 0}, count = list(line, "dims", dims);
    MPI_Comm made;
    must(player, MPI_Cart_create(parent, count, dims, periods, 0, &made));
    return made;
}

/* MPI_Comm_idup, with the request completed among messages between any two neighbours of the parent. */
static MPI_Comm of_idup(Player *player, MPI_Comm parent) {
    int size, rank, out = me, in = -1;
    MPI_Comm made;
    MPI_Request requests[3];
    must(player, MPI_Comm_size(parent, &size)), must(player, MPI_Comm_rank(parent, &rank));
    must(player, MPI_Comm_idup(parent, &made, &requests[0]));
    must(player, MPI_Isend(&out, 1, MPI_INT, (rank + 1) % size, 77, parent, &requests[1]));
    must(player, MPI_Irecv(&in, 1, MPI_INT, (rank + size - 1) % size, 77, parent, &requests[2]));
    must(player, MPI_Waitall(3, requests, MPI_STATUSES_IGNORE));
    return made;
}

/* `comm HOW slot= parent= ...` */
static void make_communicator(Player *player, const char *line) {
    char how[24];
    word(line, 1, how, sizeof how);
    int64_t slot = number(line, "slot", -1);
    MPI_Comm parent = comm_of(player, line, "parent"), made = MPI_COMM_NULL;
    int color = (int)number(line, "color", MPI_UNDEFINED), key = (int)number(line, "key", 0);
    if (slot < 2 || slot >= MOST_COMMS) fail(player, "the script names communicator %ld", (long)slot);
    if (!strcmp(how, "dup")) must(player, MPI_Comm_dup(parent, &made));
    else if (!strcmp(how, "idup")) made = of_idup(player, parent);
    else if (!strcmp(how, "split")) must(player, MPI_Comm_split(parent, color, key, &made));
    else if (!strcmp(how, "split_type"))
        must(player, MPI_Comm_split_type(parent, MPI_COMM_TYPE_SHARED, key, MPI_INFO_NULL, &made));
    else if (!strcmp(how, "create")) made = of_group(player, parent, line, 0);
    else if (!strcmp(how, "create_group")) made = of_group(player, parent, line, 1);
    else if (!strcmp(how, "cart")) made = of_cart(player, parent, line);
    else if (!strcmp(how, "cart_sub")) {
        int keep[MOST_LISTED];
        list(line, "keep", keep);
        must(player, MPI_Cart_sub(parent, keep, &made));
    } else if (!strcmp(how, "graph")) made = of_graph(player, parent, 0);
    else if (!strcmp(how, "dist_graph")) made = of_graph(player, parent, 1);
    else if (!strcmp(how, "inter"))
        must(player, MPI_Intercomm_create(parent, 0, comms[0], (int)number(line, "leader", 0), (int)number(line, "tag", 0), &made));
    else if (!strcmp(how, "merge")) must(player, MPI_Intercomm_merge(parent, (int)number(line, "high", 0), &made));
    else fail(player, "no such communicator");
    comms[slot] = made;
    if (made != MPI_COMM_NULL) must(player, MPI_Comm_set_errhandler(made, MPI_ERRORS_RETURN));
}

/* `members - slot= size= rank= remote=`: what the model expects; size 0 for none. */
static void check_communicator(Player *player, const char *line) {
    MPI_Comm comm = comms[number(line, "slot", 0)];
    int64_t wanted = number(line, "size", 0), remote = number(line, "remote", 0);
    if (wanted == 0) {
        if (comm != MPI_COMM_NULL) fail(player, "a communicator where none should be");
        return;
    }
    if (comm == MPI_COMM_NULL) fail(player, "no communicator where one should be");
    int size, rank, inter, remote_size = 0;
    must(player, MPI_Comm_size(comm, &size)), must(player, MPI_Comm_rank(comm, &rank));
    must(player, MPI_Comm_test_inter(comm, &inter));
    if (inter) must(player, MPI_Comm_remote_size(comm, &remote_size));
    if (size != wanted || rank != number(line, "rank", 0) || remote_size != remote)
        fail(player, "rank %d of %d (remote %d)", rank, size, remote_size);
}

/* `free_comm - slot=` */
static void free_communicator(Player *player, const char *line) {
    int64_t slot = number(line, "slot", -1);
    comm_of(player, line, "slot");
    must(player, MPI_Comm_free(&comms[slot]));
    if (comms[slot] != MPI_COMM_NULL) fail(player, "a freed communicator is not null");
}

static void begin_communicators(void) {
    for (int i = 0; i < MOST_COMMS; i++) comms[i] = MPI_COMM_NULL;
    comms[0] = MPI_COMM_WORLD, comms[1] = MPI_COMM_SELF;
}

/* All ranks free in the same order. */
static void end_communicators(Player *player) {
    for (int i = 2; i < MOST_COMMS; i++)
        if (comms[i] != MPI_COMM_NULL) must(player, MPI_Comm_free(&comms[i]));
}
