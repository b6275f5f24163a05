/* The operations of an epoch. Those of one region of the target's memory belong together:
 *   alone     one MPI_Put
 *   read      any MPI_Get of anybody
 *   chain     accumulates of one origin, which happen in the order issued
 *   sum       accumulates of anybody with one operation that commutes
 *   tickets   sums of positive numbers that all fetch: what was fetched must be a serialisation
 * Regions do not overlap, so the outcome is determined. */
#define MOST_OPERATIONS 128
#define MOST_REGIONS 64
#define MOST_TICKETS 8 /* elements of a region of tickets */

typedef enum { ALONE, READ, CHAIN, SUM, TICKETS } Sharing;
typedef enum { PUT, GET, ACCUMULATE, GET_ACCUMULATE, FETCH_AND_OP, COMPARE_AND_SWAP } Call;
#define LARGE 1   /* forms of a call: through MPI_Count */
#define REQUEST 2 /* with a request, where that is allowed */

typedef struct {
    Sharing sharing;
    int target, type, basic, skipped;
    MPI_Count count;
    MPI_Aint at; /* in bytes */
} Region;

typedef struct {
    int region, origin, type, form, element, done;
    Call call;
    MPI_Op op;
    MPI_Count count;
    uint64_t key;
    Room from, to;          /* what goes out, and what is fetched */
    char *wanted;           /* packed: what should be fetched */
    char compare[8];
    MPI_Request request;
} Operation;

static Region regions[MOST_REGIONS];
static Operation operations[MOST_OPERATIONS];
static int region_count, operation_count;

static MPI_Op op_of(int64_t number) {
    const MPI_Op ops[] = {MPI_SUM, MPI_PROD, MPI_MAX, MPI_MIN, MPI_BAND, MPI_BOR, MPI_BXOR, MPI_REPLACE, MPI_NO_OP};
    return ops[number % 9];
}

/* `region - sharing= target= type= basic= count= gap=`: the next free place of the target's memory, or none. */
static void add_region(Player *player, Window *w, const char *line) {
    if (region_count == MOST_REGIONS) fail(player, "too many regions");
    Region *region = &regions[region_count++];
    *region = (Region){.sharing = (Sharing)number(line, "sharing", 0), .target = (int)(number(line, "target", 0) % w->size),
                       .type = (int)number(line, "type", 0), .basic = (int)number(line, "basic", 0), .count = number(line, "count", 0)};
    const Type *type = type_at(player, region->type);
    MPI_Count low = 0, high = 0;
    if (region->count > 0 && type->size > 0) {
        MPI_Count last = (region->count - 1) * type->extent;
        low = type->true_lb + (last < 0 ? last : 0), high = type->true_lb + type->true_extent + (last > 0 ? last : 0);
    }
    MPI_Aint *cursor = &w->cursor[region->target], unit = w->unit[region->target], at = *cursor - (MPI_Aint)low;
    if (at < 0) at = 0;
    region->at = (at + unit - 1) / unit * unit;
    region->skipped = region->at + (MPI_Aint)high > w->bytes[region->target] || w->bytes[region->target] == 0;
    if (!region->skipped) *cursor = region->at + (MPI_Aint)high + (MPI_Aint)number(line, "gap", 0);
}

/* `op - call= origin= type= count= op= form= element= key=`: belongs to the last region. */
static void add_operation(Player *player, Window *w, const char *line) {
    if (operation_count == MOST_OPERATIONS) fail(player, "too many operations");
    operations[operation_count++] = (Operation){
        .region = region_count - 1, .call = (Call)number(line, "call", 0), .origin = (int)(number(line, "origin", 0) % w->size),
        .type = (int)number(line, "type", 0), .count = number(line, "count", 0), .op = op_of(number(line, "op", 0)),
        .form = (int)number(line, "form", 0), .element = (int)number(line, "element", 0), .key = natural(line, "key")};
}

static char *packed(Player *player, const char *at, const Type *type, MPI_Count count) {
    int bytes = (int)(type->size * count), position = 0;
    char *out = malloc((size_t)bytes + 8);
    if (bytes) must(player, MPI_Pack(at, (int)count, type->handle, out, bytes, &position, MPI_COMM_SELF));
    return out;
}
static void unpacked(Player *player, char *in, char *at, const Type *type, MPI_Count count) {
    int bytes = (int)(type->size * count), position = 0;
    if (bytes) must(player, MPI_Unpack(in, bytes, &position, at, (int)count, type->handle, MPI_COMM_SELF));
}

/* What an operation sends, packed. */
static char *data_of(const Operation *o, long bytes) {
    char *data = malloc((size_t)bytes + 8);
    bytes_of_key(o->key, data, bytes);
    if (regions[o->region].sharing == TICKETS)
        for (long i = 0; i < bytes / 8; i++) ((int64_t *)data)[i] = 1 + (int64_t)(((uint64_t *)data)[i] % 1000);
    return data;
}

/* MPICH 4.0.2's MPI_Reduce_local compares MPI_UINT64_T as if it had a sign. */
static void extreme(int largest, const uint64_t *data, uint64_t *memory, long count) {
    for (long i = 0; i < count; i++) if (largest ? data[i] > memory[i] : data[i] < memory[i]) memory[i] = data[i];
}

/* `bytes` of elements of a basic type at `memory` after the operation with `data`. */
static void combine(Player *player, MPI_Op op, char *data, char *memory, long bytes, const Type *basic) {
    if (op == MPI_REPLACE) memcpy(memory, data, (size_t)bytes);
    else if (basic->handle == MPI_UINT64_T && (op == MPI_MAX || op == MPI_MIN))
        extreme(op == MPI_MAX, (uint64_t *)data, (uint64_t *)memory, bytes / 8);
    else if (op != MPI_NO_OP && bytes)
        must(player, MPI_Reduce_local(data, memory, (int)(bytes / basic->size), basic->handle, op));
}

/* One operation on the model; remembers what it fetches. */
static void model_operation(Player *player, Window *w, Operation *o) {
    const Region *region = &regions[o->region];
    const Type *type = type_at(player, region->type), *basic = type_at(player, region->basic);
    char *at = w->model[region->target] + region->at;
    MPI_Count count = region->count;
    if (o->call >= FETCH_AND_OP) { /* one element of a region of the basic type itself */
        o->element = count > 0 ? o->element % (int)count : 0;
        if ((region->at + o->element * basic->size) % w->unit[region->target]) o->element = 0;
        at += o->element * basic->size, count = 1, type = basic;
    }
    long bytes = (long)(type->size * count);
    char *data = data_of(o, bytes), *memory = packed(player, at, type, count);
    o->wanted = malloc((size_t)bytes + 8);
    memcpy(o->wanted, memory, (size_t)bytes);
    if (o->call == PUT) memcpy(memory, data, (size_t)bytes);
    else if (o->call == COMPARE_AND_SWAP) {
        memcpy(o->compare, memory, (size_t)bytes);
        if (o->key & 1) o->compare[0] ^= 1; /* differs */
        else memcpy(memory, data, (size_t)bytes);
    } else if (o->call != GET) combine(player, o->op, data, memory, bytes, basic);
    if (o->call != GET) unpacked(player, memory, at, type, count);
    free(data), free(memory);
}

/* The memory of this rank's own operation. */
static void prepare_operation(Player *player, Operation *o) {
    const Region *region = &regions[o->region];
    if (o->call >= FETCH_AND_OP) o->type = region->basic, o->count = 1;
    o->from = room_make(player, o->type, o->count), o->to = room_make(player, o->type, o->count);
    long bytes = room_capacity(&o->from);
    char *data = data_of(o, bytes);
    if (o->call != GET) lay(player, &o->from, o->from.memory, data, bytes);
    o->from.copy = malloc(o->from.bytes);
    memcpy(o->from.copy, o->from.memory, o->from.bytes);
    free(data);
}

/* Calls MPI; `requests`: whether those are allowed in this epoch. */
static void start_operation(Player *player, Window *w, Operation *o, int requests) {
    const Region *region = &regions[o->region];
    MPI_Datatype mine = types[o->type].handle, theirs = types[region->type].handle, basic = types[region->basic].handle;
    MPI_Count n = o->count, m = region->count;
    int target = region->target, large = o->form & LARGE, asks = requests && o->form & REQUEST;
    MPI_Aint at = displacement(w, target, region->at);
    MPI_Win win = w->win;
    void *from = o->from.at, *to = o->to.at;
    MPI_Request *r = &o->request;
    o->request = MPI_REQUEST_NULL;
    if (o->call >= FETCH_AND_OP) at = displacement(w, target, region->at + o->element * types[region->basic].size);
    int error = MPI_SUCCESS;
    switch (o->call) {
        case PUT:
            if (asks && large) error = MPI_Rput_c(from, n, mine, target, at, m, theirs, win, r);
            else if (asks) error = MPI_Rput(from, (int)n, mine, target, at, (int)m, theirs, win, r);
            else if (large) error = MPI_Put_c(from, n, mine, target, at, m, theirs, win);
            else error = MPI_Put(from, (int)n, mine, target, at, (int)m, theirs, win);
            break;
        case GET:
            if (asks && large) error = MPI_Rget_c(to, n, mine, target, at, m, theirs, win, r);
            else if (asks) error = MPI_Rget(to, (int)n, mine, target, at, (int)m, theirs, win, r);
            else if (large) error = MPI_Get_c(to, n, mine, target, at, m, theirs, win);
            else error = MPI_Get(to, (int)n, mine, target, at, (int)m, theirs, win);
            break;
        case ACCUMULATE:
            if (asks && large) error = MPI_Raccumulate_c(from, n, mine, target, at, m, theirs, o->op, win, r);
            else if (asks) error = MPI_Raccumulate(from, (int)n, mine, target, at, (int)m, theirs, o->op, win, r);
            else if (large) error = MPI_Accumulate_c(from, n, mine, target, at, m, theirs, o->op, win);
            else error = MPI_Accumulate(from, (int)n, mine, target, at, (int)m, theirs, o->op, win);
            break;
        case GET_ACCUMULATE:
            if (asks && large) error = MPI_Rget_accumulate_c(from, n, mine, to, n, mine, target, at, m, theirs, o->op, win, r);
            else if (asks) error = MPI_Rget_accumulate(from, (int)n, mine, to, (int)n, mine, target, at, (int)m, theirs, o->op, win, r);
            else if (large) error = MPI_Get_accumulate_c(from, n, mine, to, n, mine, target, at, m, theirs, o->op, win);
            else error = MPI_Get_accumulate(from, (int)n, mine, to, (int)n, mine, target, at, (int)m, theirs, o->op, win);
            break;
        case FETCH_AND_OP: error = MPI_Fetch_and_op(from, to, basic, target, at, o->op, win); break;
        case COMPARE_AND_SWAP: error = MPI_Compare_and_swap(from, o->compare, to, basic, target, at, win); break;
    }
    must(player, error);
}

/* After the epoch: what went out is unchanged, and what came is what the model says, where one order is the only one. */
static void check_operation(Player *player, Operation *o) {
    static const char *const calls[] = {"MPI_Put", "MPI_Get", "MPI_Accumulate", "MPI_Get_accumulate", "MPI_Fetch_and_op", "MPI_Compare_and_swap"};
    Sharing sharing = regions[o->region].sharing;
    int fetches = o->call != PUT && o->call != ACCUMULATE;
    room_check_unchanged(player, &o->from);
    char *wanted = malloc(o->to.bytes);
    memset(wanted, UNTOUCHED, o->to.bytes);
    if (fetches && (sharing == READ || sharing == CHAIN)) lay(player, &o->to, wanted, o->wanted, room_capacity(&o->to));
    if (!fetches || sharing == READ || sharing == CHAIN)
        for (size_t i = 0; i < o->to.bytes; i++)
            if (wanted[i] != o->to.memory[i])
                fail(player, "%s of region %d fetched %02x instead of %02x at byte %ld", calls[o->call], o->region, o->to.memory[i] & 255,
                     wanted[i] & 255, (long)(o->to.memory + i - o->to.at));
    free(wanted);
}
