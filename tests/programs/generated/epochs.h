/* Epochs: all operations of a step between two calls that synchronise, in any order that MPI leaves open. */

/* This rank's operations that have not been started, of one target (-1: any): one of a region drawn by chance, in its order. */
static Operation *next_operation(const Window *w, int target, uint64_t *chance) {
    int first[MOST_REGIONS], count = 0;
    for (int i = 0, last = -1; i < operation_count; i++) {
        const Operation *o = &operations[i];
        if (o->origin != w->rank || o->done || o->region == last || regions[o->region].skipped) continue;
        if (target >= 0 && regions[o->region].target != target) continue;
        first[count++] = i, last = o->region;
    }
    if (count == 0) return NULL;
    *chance = mixed(*chance);
    Operation *o = &operations[first[*chance % (uint64_t)count]];
    o->done = 1;
    return o;
}

/* The ranks that this one accesses, or those that access it. */
static MPI_Group partners(Player *player, const Window *w, int origins) {
    int listed[MOST_MEMBERS] = {0}, ranks[MOST_MEMBERS], count = 0;
    MPI_Group all, made;
    for (int i = 0; i < operation_count; i++) {
        const Region *region = &regions[operations[i].region];
        if (region->skipped) continue;
        if (origins && region->target == w->rank) listed[operations[i].origin] = 1;
        if (!origins && operations[i].origin == w->rank) listed[region->target] = 1;
    }
    for (int rank = w->size - 1; rank >= 0; rank--) if (listed[rank]) ranks[count++] = rank;
    must(player, MPI_Win_get_group(w->win, &all));
    must(player, MPI_Group_incl(all, count, ranks, &made));
    MPI_Group_free(&all);
    return made;
}

static void start_all(Player *player, Window *w, int target, int passive, uint64_t *chance) {
    for (Operation *o; (o = next_operation(w, target, chance));) {
        start_operation(player, w, o, passive);
        if (passive && mixed(*chance) % 8 == 0) must(player, MPI_Win_flush(regions[o->region].target, w->win));
        if (passive && mixed(*chance) % 8 == 1) must(player, MPI_Win_flush_local_all(w->win));
    }
}

/* Requests complete before their epoch ends. */
static void complete_requests(Player *player, Window *w) {
    MPI_Request requests[MOST_OPERATIONS];
    int count = 0;
    for (int i = 0; i < operation_count; i++)
        if (operations[i].origin == w->rank && operations[i].done && operations[i].request != MPI_REQUEST_NULL)
            requests[count++] = operations[i].request, operations[i].request = MPI_REQUEST_NULL;
    must(player, MPI_Waitall(count, requests, MPI_STATUSES_IGNORE));
}

static void epoch_of_locks(Player *player, Window *w, uint64_t *chance) {
    for (int i = 0; i < w->size; i++) {
        int target = (w->rank + i) % w->size;
        *chance = mixed(*chance);
        must(player, MPI_Win_lock(*chance & 1 ? MPI_LOCK_EXCLUSIVE : MPI_LOCK_SHARED, target, 0, w->win));
        for (Operation *o; (o = next_operation(w, target, chance));) {
            start_operation(player, w, o, 1);
            if (*chance % 8 == 0) must(player, MPI_Win_flush_local(target, w->win));
        }
        complete_requests(player, w);
        must(player, MPI_Win_unlock(target, w->win));
    }
}

static void epoch_of_groups(Player *player, Window *w, uint64_t *chance) {
    MPI_Group origins = partners(player, w, 1), targets = partners(player, w, 0);
    int flag = 0;
    must(player, MPI_Win_post(origins, 0, w->win));
    must(player, MPI_Win_start(targets, 0, w->win));
    MPI_Group_free(&origins), MPI_Group_free(&targets);
    start_all(player, w, -1, 0, chance);
    must(player, MPI_Win_complete(w->win));
    if (*chance & 1) must(player, MPI_Win_wait(w->win));
    else while (!flag) must(player, MPI_Win_test(w->win, &flag));
}

/* What each element of a region of tickets was found at is the sum of some that came before, each once. */
static void check_tickets(Player *player, Window *w, int number, const char *before) {
    const Region *region = &regions[number];
    int count = (int)(region->count * types[region->type].size / 8), takers = 0;
    static int64_t found[MOST_OPERATIONS], added[MOST_OPERATIONS], all[MOST_OPERATIONS];
    for (int element = 0; element < count; element++) {
        int64_t start;
        memcpy(&start, before + 8 * element, 8);
        takers = 0;
        for (int i = 0; i < operation_count; i++) {
            Operation *o = &operations[i];
            if (o->region != number) continue;
            char *sent = data_of(o, 8 * count);
            added[takers] = ((int64_t *)sent)[element], found[takers] = 0;
            free(sent);
            if (o->origin == w->rank) {
                char *fetched = packed(player, o->to.at, &types[o->type], o->count);
                found[takers] = (int64_t)((uint64_t)((int64_t *)fetched)[element] - (uint64_t)start);
                free(fetched);
            }
            takers++;
        }
        must(player, MPI_Allreduce(found, all, takers, MPI_INT64_T, MPI_BOR, w->comm));
        for (int64_t sum = 0, left = takers; left > 0; left--) { /* whose turn is it at this sum? */
            int turn = 0;
            while (turn < takers && (added[turn] == 0 || all[turn] != sum)) turn++;
            if (turn == takers) fail(player, "region %d, element %d: nobody fetched the start and %ld", number, element, (long)sum);
            sum += added[turn], added[turn] = 0;
        }
    }
}

/* `epoch HOW key=`: plays what has been listed, and checks it. */
static void play_epoch(Player *player, Window *w, const char *line) {
    char how[24];
    uint64_t chance = mixed(natural(line, "key") + (uint64_t)w->rank);
    word(line, 1, how, sizeof how);
    int passive = !strncmp(how, "lock", 4);
    char *before[MOST_REGIONS] = {0};
    for (int i = 0; i < region_count; i++)
        if (regions[i].sharing == TICKETS && !regions[i].skipped)
            before[i] = packed(player, w->model[regions[i].target] + regions[i].at, &types[regions[i].type], regions[i].count);
    for (int i = 0; i < operation_count; i++) {
        if (regions[operations[i].region].skipped) continue;
        model_operation(player, w, &operations[i]);
        if (operations[i].origin == w->rank) prepare_operation(player, &operations[i]);
    }
    must(player, MPI_Barrier(w->comm)); /* everybody has checked what was before */
    if (!strcmp(how, "fence")) {
        must(player, MPI_Win_fence(MPI_MODE_NOPRECEDE, w->win));
        start_all(player, w, -1, 0, &chance);
        must(player, MPI_Win_fence(chance & 1 ? MPI_MODE_NOSUCCEED : 0, w->win));
    } else if (!strcmp(how, "groups")) epoch_of_groups(player, w, &chance);
    else if (!strcmp(how, "locks")) epoch_of_locks(player, w, &chance);
    else if (!strcmp(how, "lock_all")) {
        must(player, MPI_Win_lock_all(chance & 1 ? MPI_MODE_NOCHECK : 0, w->win));
        start_all(player, w, -1, 1, &chance);
        complete_requests(player, w);
        must(player, MPI_Win_unlock_all(w->win));
    } else fail(player, "no such epoch");
    must(player, MPI_Barrier(w->comm));
    if (passive) must(player, MPI_Win_lock(MPI_LOCK_EXCLUSIVE, w->rank, 0, w->win)); /* to look at its own memory */
    check_window(player, w);
    if (passive) must(player, MPI_Win_unlock(w->rank, w->win));
    for (int i = 0; i < operation_count; i++)
        if (operations[i].origin == w->rank && !regions[operations[i].region].skipped) check_operation(player, &operations[i]);
    for (int i = 0; i < region_count; i++) if (before[i]) check_tickets(player, w, i, before[i]), free(before[i]);
    for (int i = 0; i < operation_count; i++) room_free(&operations[i].from), room_free(&operations[i].to), free(operations[i].wanted);
}
