/* Operations that combine data. Element i of rank r's data follows from the call's key, r and i; results are computed by the ranks'
 * order. Floating-point numbers are small integers, so that every order of evaluation gives the same. */

/* An operation of the program that does not commute: composition of affine maps x -> a x + b. */
typedef struct { uint64_t a, b; } Affine;
static MPI_Datatype affine;
static MPI_Op compose;

static void compose_all(void *in, void *inout, int *count, MPI_Datatype *type) {
    (void)type;
    Affine *left = in, *right = inout;
    for (int i = 0; i < *count; i++)
        right[i] = (Affine){left[i].a * right[i].a, left[i].a * right[i].b + left[i].b};
}

static void make_operation(Player *player) {
    must(player, MPI_Type_contiguous(2, MPI_UINT64_T, &affine)), must(player, MPI_Type_commit(&affine));
    must(player, MPI_Op_create(compose_all, 0, &compose));
}
static void free_operation(Player *player) {
    must(player, MPI_Type_free(&affine)), must(player, MPI_Op_free(&compose));
}

/* What `element=` and `op=` say. */
enum { INT, LONG, UINT8, FLOAT_, DOUBLE_, AFFINE, PAIR, ELEMENTS };
static const MPI_Op ops[] = {MPI_SUM, MPI_PROD, MPI_MAX, MPI_MIN, MPI_BAND, MPI_BOR, MPI_BXOR, MPI_LAND, MPI_LOR, MPI_LXOR};

static size_t element_size(int element) { return (size_t[]){4, 8, 1, 4, 8, 16, 8}[element]; }

static void put_element(int element, uint64_t key, int rank, long i, char *at) {
    uint64_t v = mixed(key + (uint64_t)rank * 1000003 + (uint64_t)i);
    if (v % 5 == 0) v = 0;
    switch (element) {
        case INT: memcpy(at, &(int){(int)(v >> 3)}, 4); break;
        case LONG: memcpy(at, &v, 8); break;
        case UINT8: *at = (char)(v >> 9 & 127); break; /* MPICH 4.0.2 orders unsigned integers as signed ones */
        case FLOAT_: memcpy(at, &(float){(float)(v >> 5 & 7)}, 4); break;
        case DOUBLE_: memcpy(at, &(double){(double)(v >> 5 & 7)}, 8); break;
        case AFFINE: memcpy(at, &(Affine){v | 1, v >> 7}, 16); break;
        default: memcpy(at, (int[2]){(int)(v >> 4 & 15), rank}, 8);
    }
}

#define COMBINE(type, integers)                                                                           \
    do {                                                                                                  \
        type x, y;                                                                                        \
        memcpy(&x, sum, sizeof x), memcpy(&y, next, sizeof y);                                            \
        switch (op) {                                                                                     \
            case 0: x = (type)(x + y); break;                                                             \
            case 1: x = (type)(x * y); break;                                                             \
            case 2: x = x > y ? x : y; break;                                                             \
            case 3: x = x < y ? x : y; break;                                                             \
            integers                                                                                      \
            case 7: x = x && y; break;                                                                    \
            case 8: x = x || y; break;                                                                    \
            case 9: x = !x != !y; break;                                                                  \
        }                                                                                                 \
        memcpy(sum, &x, sizeof x);                                                                        \
    } while (0)
#define BITS(type) case 4: x = (type)(x & y); break; case 5: x = (type)(x | y); break; case 6: x = (type)(x ^ y); break;

/* `sum` becomes what it and `next`, of a higher rank, yield. */
static void combine(int element, int op, char *sum, const char *next) {
    switch (element) {
        case INT: COMBINE(unsigned, BITS(unsigned)); break;
        case LONG: COMBINE(int64_t, BITS(int64_t)); break;
        case UINT8: COMBINE(uint8_t, BITS(uint8_t)); break;
        case FLOAT_: COMBINE(float, ); break;
        case DOUBLE_: COMBINE(double, ); break;
        case AFFINE: {
            Affine a, b;
            memcpy(&a, sum, 16), memcpy(&b, next, 16);
            a = (Affine){a.a * b.a, a.a * b.b + a.b};
            memcpy(sum, &a, 16);
            break;
        }
        default: {
            int a[2], b[2];
            memcpy(a, sum, 8), memcpy(b, next, 8);
            int better = op % 2 ? b[0] > a[0] : b[0] < a[0];
            if (better) memcpy(sum, b, 8);
        }
    }
}

/* Elements `first..end` of what ranks `0..ranks` yield. */
static void combined(int element, int op, uint64_t key, int ranks, long first, long end, char *out) {
    char next[16];
    for (long i = first; i < end; i++, out += element_size(element)) {
        put_element(element, key, 0, i, out);
        for (int r = 1; r < ranks; r++) put_element(element, key, r, i, next), combine(element, op, out, next);
    }
}

/* `reduce OP comm= root= key= form= large= in_place= element= op= count=` */
static void reduce_data(Player *player, const char *line) {
    char how[24];
    word(line, 1, how, sizeof how);
    MPI_Comm comm = comm_of(player, line, "comm");
    int rank, size, form = (int)number(line, "form", 0) % FORMS, large = (int)number(line, "large", 0);
    must(player, MPI_Comm_rank(comm, &rank)), must(player, MPI_Comm_size(comm, &size));
    int root = (int)(natural(line, "root") % (uint64_t)size), in_place = (int)number(line, "in_place", 0);
    int element = (int)(natural(line, "element") % ELEMENTS), which = (int)(natural(line, "op") % 10), count = (int)number(line, "count", 0);
    uint64_t key = natural(line, "key");
    if (element == FLOAT_ || element == DOUBLE_) which %= 4;
    if (element == INT && (which == 2 || which == 3)) element = LONG; /* the model is unsigned */
    if (element == UINT8 && which == 1) which = 0;
    if (element == UINT8 && (which == 2 || which == 3)) which = 5; /* sums of it may have the sign's bit */
    MPI_Datatype type = (MPI_Datatype[]){MPI_INT, MPI_INT64_T, MPI_UINT8_T, MPI_FLOAT, MPI_DOUBLE, affine, MPI_2INT}[element];
    MPI_Op op = element == AFFINE ? compose : element == PAIR ? (which % 2 ? MPI_MAXLOC : MPI_MINLOC) : ops[which];
    int scatter = !strcmp(how, "reduce_scatter"), block = !strcmp(how, "reduce_scatter_block"), reduce = !strcmp(how, "reduce");
    int scan = !strcmp(how, "scan"), exscan = !strcmp(how, "exscan");
    Call *call = call_begin(player);
    long total = count, first = 0, own = count;
    if (scatter || block) {
        total = 0;
        for (int r = 0; r < size; r++) {
            int length = block ? count : (int)(mixed(key + (uint64_t)r) % 3) * count;
            call->counts[r] = length, call->bigcounts[r] = length;
            if (r == rank) first = total, own = length;
            total += length;
        }
    }
    size_t bytes = element_size(element);
    in_place = in_place && (!reduce || rank == root);
    char *data = malloc((size_t)total * bytes + 16);
    for (long i = 0; i < total; i++) put_element(element, key, rank, i, data + (size_t)i * bytes);
    int has_result = !(reduce && rank != root);
    int byte_type = 0; /* MPI_BYTE */
    if (!in_place) call->send = filled(player, byte_type, (MPI_Count)((size_t)total * bytes), data);
    long room = in_place ? total : own;
    if (has_result || in_place) call->receive = room_make(player, byte_type, (MPI_Count)((size_t)room * bytes));
    if (in_place) call->before = data, data = NULL;
    free(data);
    if (has_result && !(exscan && rank == 0)) {
        call->wanted = malloc((size_t)room * bytes + 16);
        combined(element, which, key, scan ? rank + 1 : exscan ? rank : size, first, first + own, call->wanted);
        call->tail = (size_t)(room - own) * bytes; /* behind a result in place, undefined */
    }
    call_prepare(player, call);
    void *send = in_place ? MPI_IN_PLACE : call->send.at, *receive = call->receive.at;
    MPI_Count big = count;
    if (reduce) {
        if (large) MAKE(Reduce_c, Ireduce_c, Reduce_init_c, send, receive, big, type, op, root, comm);
        else MAKE(Reduce, Ireduce, Reduce_init, send, receive, count, type, op, root, comm);
    } else if (scatter) {
        if (large) MAKE(Reduce_scatter_c, Ireduce_scatter_c, Reduce_scatter_init_c, send, receive, call->bigcounts, type, op, comm);
        else MAKE(Reduce_scatter, Ireduce_scatter, Reduce_scatter_init, send, receive, call->counts, type, op, comm);
    } else if (block) {
        if (large) MAKE(Reduce_scatter_block_c, Ireduce_scatter_block_c, Reduce_scatter_block_init_c, send, receive, big, type, op, comm);
        else MAKE(Reduce_scatter_block, Ireduce_scatter_block, Reduce_scatter_block_init, send, receive, count, type, op, comm);
    } else if (scan) {
        if (large) MAKE(Scan_c, Iscan_c, Scan_init_c, send, receive, big, type, op, comm);
        else MAKE(Scan, Iscan, Scan_init, send, receive, count, type, op, comm);
    } else if (exscan) {
        if (large) MAKE(Exscan_c, Iexscan_c, Exscan_init_c, send, receive, big, type, op, comm);
        else MAKE(Exscan, Iexscan, Exscan_init, send, receive, count, type, op, comm);
    } else {
        if (large) MAKE(Allreduce_c, Iallreduce_c, Allreduce_init_c, send, receive, big, type, op, comm);
        else MAKE(Allreduce, Iallreduce, Allreduce_init, send, receive, count, type, op, comm);
    }
    call_made(player, call, line);
}
