/* Random legal point-to-point traffic from a seed that all ranks share: every rank derives the same list of messages and
 * plays its part. Data, lengths, sources and tags are checked on arrival; the sum of all digests, which does not depend on
 * the order of arrival, is printed, so that runs under different launchers can be compared.
 * Usage: random_traffic SEED ROUNDS [LONGEST]: messages of derived types have at most LONGEST bytes (default 8000; stock
 * MPICH 4.0.2 over UCX reports truncation for longer ones that are not). */
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MESSAGES 64
#define MAX_BYTES (1 << 19)
#define COMMS 6
#define TYPES 10
#define fail(...) do { fprintf(stderr, "rank %d round %d: ", me, round_number); fprintf(stderr, __VA_ARGS__); \
                       fprintf(stderr, "\n"); MPI_Abort(MPI_COMM_WORLD, 9); } while (0)

static int me, np, round_number, longest_derived = 8000;
static uint64_t state, digest;

static uint64_t next(void) { /* splitmix64 */
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}
static int below(int n) { return (int)(next() % (uint64_t)n); }

typedef struct {
    int comm, source, dest, tag;        /* ranks of the communicator */
    int type, count;                    /* send side */
    int receive_type, receive_count;    /* at least as long */
    int mode, how, any_source, any_tag;
    uint64_t key;
    int bytes;
} Message;

static MPI_Comm comms[COMMS];
static int *world_of[COMMS], sizes[COMMS], ranks[COMMS];
static MPI_Datatype types[TYPES];
static int type_size[TYPES];
static MPI_Aint type_extent[TYPES], type_lb[TYPES];

static void make_communicators(void) {
    comms[0] = MPI_COMM_WORLD;
    MPI_Comm_dup(MPI_COMM_WORLD, &comms[1]);
    MPI_Comm_split(MPI_COMM_WORLD, me % 2, -me, &comms[2]);
    int dims[2] = {0, 0}, periods[2] = {1, 0};
    MPI_Dims_create(np, 2, dims);
    MPI_Cart_create(MPI_COMM_WORLD, 2, dims, periods, 0, &comms[3]);
    int keep[2] = {1, 0};
    MPI_Cart_sub(comms[3], keep, &comms[4]);
    MPI_Request request;
    MPI_Comm_idup(comms[2], &comms[5], &request);
    MPI_Wait(&request, MPI_STATUS_IGNORE);
    MPI_Group world, group;
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    for (int c = 0; c < COMMS; c++) {
        MPI_Comm_size(comms[c], &sizes[c]);
        MPI_Comm_rank(comms[c], &ranks[c]);
        int *all = malloc(sizeof(int) * sizes[c]);
        world_of[c] = malloc(sizeof(int) * sizes[c]);
        for (int i = 0; i < sizes[c]; i++) all[i] = i;
        MPI_Comm_group(comms[c], &group);
        MPI_Group_translate_ranks(group, sizes[c], all, world, world_of[c]);
        MPI_Group_free(&group);
        free(all);
    }
    MPI_Group_free(&world);
}

static void make_types(void) {
    types[0] = MPI_BYTE;
    types[1] = MPI_INT;
    types[2] = MPI_DOUBLE;
    MPI_Type_vector(7, 2, 5, MPI_INT, &types[3]);
    int lengths[4] = {3, 0, 1, 4}, places[4] = {10, 2, 0, 20};
    MPI_Type_indexed(4, lengths, places, MPI_SHORT, &types[4]);
    struct { char c; double d; int i[3]; } sample;
    MPI_Aint base, at[3];
    MPI_Get_address(&sample, &base);
    MPI_Get_address(&sample.c, &at[0]);
    MPI_Get_address(&sample.d, &at[1]);
    MPI_Get_address(&sample.i, &at[2]);
    for (int i = 0; i < 3; i++) at[i] -= base;
    int blocks[3] = {1, 1, 3};
    MPI_Datatype parts[3] = {MPI_CHAR, MPI_DOUBLE, MPI_INT}, temporary;
    MPI_Type_create_struct(3, blocks, at, parts, &temporary);
    MPI_Type_create_resized(temporary, 0, sizeof sample, &types[5]);
    MPI_Type_free(&temporary);
    int full[3] = {5, 6, 7}, sub[3] = {2, 3, 4}, start[3] = {1, 2, 3};
    MPI_Type_create_subarray(3, full, sub, start, MPI_ORDER_C, MPI_FLOAT, &types[6]);
    MPI_Type_create_hvector(3, 2, 200, types[3], &types[7]);          /* nested */
    MPI_Type_create_resized(MPI_LONG, -8, 32, &types[8]);             /* negative lower bound */
    int gsizes[2] = {9, 8}, distributions[2] = {MPI_DISTRIBUTE_CYCLIC, MPI_DISTRIBUTE_BLOCK};
    int arguments[2] = {2, MPI_DISTRIBUTE_DFLT_DARG}, processes[2] = {2, 2};
    MPI_Type_create_darray(4, 3, 2, gsizes, distributions, arguments, processes, MPI_ORDER_FORTRAN, MPI_INT, &types[9]);
    for (int t = 0; t < TYPES; t++) {
        MPI_Type_commit(&types[t]);
        MPI_Type_size(types[t], &type_size[t]);
        MPI_Type_get_extent(types[t], &type_lb[t], &type_extent[t]);
    }
}

/* Room for `count` elements, with the address that MPI calls take in *at. */
static char *room(int type, int count, char **at) {
    size_t bytes = (size_t)(count + 2) * type_extent[type] + 4096;
    char *memory = malloc(bytes);
    memset(memory, 0xee, bytes);
    *at = memory + 2048;
    return memory;
}

/* Fills the data of a message, and nothing else, through MPI_Unpack; reads it back through MPI_Pack. */
static void fill(const Message *m, char *at) {
    char *packed = malloc(m->bytes + 1);
    uint64_t saved = state;
    state = m->key;
    for (int i = 0; i < m->bytes; i++) packed[i] = (char)next();
    state = saved;
    int position = 0;
    if (m->count > 0) MPI_Unpack(packed, m->bytes, &position, at, m->count, types[m->type], MPI_COMM_SELF);
    free(packed);
}
static void check(const Message *m, char *at, int bytes) {
    if (bytes != m->bytes) fail("%d bytes arrived instead of %d", bytes, m->bytes);
    int capacity = type_size[m->receive_type] * m->receive_count, position = 0;
    char *packed = malloc(capacity + 1);
    if (m->receive_count > 0)
        MPI_Pack(at, m->receive_count, types[m->receive_type], packed, capacity, &position, MPI_COMM_SELF);
    uint64_t saved = state;
    state = m->key;
    for (int i = 0; i < bytes; i++)
        if (packed[i] != (char)next()) fail("wrong byte %d of %d (types %d -> %d)", i, bytes, m->type, m->receive_type);
    state = saved;
    for (int i = bytes; i < capacity; i++)
        if (packed[i] != (char)0xee) fail("byte %d behind the %d received was overwritten", i, bytes);
    digest += m->key * (uint64_t)(bytes + 1);
    free(packed);
}

static int random_bytes(void) {
    switch (below(8)) {
        case 0: return 0;
        case 1: case 2: return below(64);
        case 3: case 4: return below(5000);
        case 5: case 6: return below(70000);
        default: return below(MAX_BYTES);
    }
}

/* Another type made of the same basic type, as type matching demands. */
static int same_signature(int type) {
    static const int of_ints[] = {1, 3, 7, 9};
    int other = of_ints[below(4)];
    return type == 1 || type == 3 || type == 7 || type == 9 ? other : type;
}

static int make_messages(Message *list) {
    int n = 1 + below(MAX_MESSAGES);
    for (int i = 0; i < n; i++) {
        Message *m = &list[i];
        m->comm = below(COMMS);
        /* A communicator that was split exists once per part; messages go by ranks of the part rank `owner` is in. */
        m->key = next();
        m->source = below(1 << 16), m->dest = below(1 << 16);
        m->tag = below(4) == 0 ? 268435455 - below(2) : below(3);
        m->type = below(TYPES);
        m->count = random_bytes();
        if (m->type > 2) m->count %= longest_derived + 1;
        m->count /= type_size[m->type];
        m->bytes = m->count * type_size[m->type];
        m->receive_type = below(3) ? m->type : same_signature(m->type);
        m->receive_count = (m->bytes + type_size[m->receive_type] - 1) / type_size[m->receive_type] + below(3);
        m->mode = below(4), m->how = below(6);
        m->any_source = below(4) == 0, m->any_tag = below(4) == 0;
    }
    return n;
}

/* Ends of message m as far as this rank is concerned: its part of a split communicator plays the message on its own. */
static int source_of(const Message *m) { return m->source % sizes[m->comm]; }
static int dest_of(const Message *m) { return m->dest % sizes[m->comm]; }

static void buffered_space(int attach) {
    static char *space;
    static int size = MAX_MESSAGES * (MAX_BYTES + MPI_BSEND_OVERHEAD);
    if (attach) MPI_Buffer_attach(space = malloc(size), size);
    else {
        void *old;
        int old_size;
        MPI_Buffer_detach(&old, &old_size);
        if (old != space || old_size != size) fail("the detached buffer is another one");
        free(space);
    }
}

/* Everybody plays the messages in the same order with blocking calls. */
static void ordered_round(Message *list, int n) {
    for (int i = 0; i < n; i++) {
        Message *m = &list[i];
        MPI_Comm comm = comms[m->comm];
        int source = source_of(m), dest = dest_of(m), self = ranks[m->comm];
        char *out, *in, *out_at, *in_at;
        MPI_Status status;
        if (source == dest && self == source) { /* to itself, and once with replace */
            in = room(m->receive_type, m->receive_count, &in_at), out = room(m->type, m->count, &out_at);
            fill(m, out_at);
            MPI_Sendrecv(out_at, m->count, types[m->type], self, m->tag, in_at, m->receive_count, types[m->receive_type], self,
                         m->tag, comm, &status);
            int bytes; MPI_Get_count(&status, MPI_BYTE, &bytes);
            check(m, in_at, bytes);
            free(in), free(out);
        } else if (self == source) {
            out = room(m->type, m->count, &out_at);
            fill(m, out_at);
            switch (m->mode) {
                case 0: MPI_Send(out_at, m->count, types[m->type], dest, m->tag, comm); break;
                case 1: MPI_Ssend(out_at, m->count, types[m->type], dest, m->tag, comm); break;
                case 2: MPI_Bsend(out_at, m->count, types[m->type], dest, m->tag, comm); break;
                default: { MPI_Request r; int done = 0;
                    MPI_Isend(out_at, m->count, types[m->type], dest, m->tag, comm, &r);
                    while (!done) MPI_Test(&r, &done, MPI_STATUS_IGNORE); }
            }
            free(out);
        } else if (self == dest) {
            in = room(m->receive_type, m->receive_count, &in_at);
            int from = source, tag = m->any_tag ? MPI_ANY_TAG : m->tag, bytes, flag = 0;
            MPI_Message handle;
            MPI_Datatype type = types[m->receive_type];
            switch (m->how) {
                case 0: MPI_Probe(from, tag, comm, &status); MPI_Recv(in_at, m->receive_count, type, from, tag, comm, &status); break;
                case 1: while (!flag) MPI_Iprobe(from, tag, comm, &flag, &status);
                        MPI_Recv(in_at, m->receive_count, type, from, status.MPI_TAG, comm, &status); break;
                case 2: MPI_Mprobe(from, tag, comm, &handle, &status); MPI_Mrecv(in_at, m->receive_count, type, &handle, &status); break;
                case 3: { MPI_Request r; while (!flag) MPI_Improbe(from, tag, comm, &flag, &handle, &status);
                        MPI_Imrecv(in_at, m->receive_count, type, &handle, &r); MPI_Wait(&r, &status); break; }
                default: MPI_Recv(in_at, m->receive_count, type, from, tag, comm, &status);
            }
            if (status.MPI_SOURCE != source || status.MPI_TAG != m->tag) fail("source %d tag %d instead of %d %d", status.MPI_SOURCE, status.MPI_TAG, source, m->tag);
            MPI_Get_count(&status, MPI_BYTE, &bytes);
            check(m, in_at, bytes);
            free(in);
        }
    }
}

static void complete(MPI_Request *requests, MPI_Status *statuses, int n, int how) {
    int done = 0, flag = 0, index, some[2 * MAX_MESSAGES];
    MPI_Status one, several[2 * MAX_MESSAGES];
    switch (how) {
        case 0: MPI_Waitall(n, requests, statuses); break;
        case 1: while (!flag) MPI_Testall(n, requests, &flag, statuses); break;
        case 2: for (;;) { MPI_Waitany(n, requests, &index, &one); if (index == MPI_UNDEFINED) break; statuses[index] = one; } break;
        case 3: while (done < n) { int count; MPI_Waitsome(n, requests, &count, some, several);
                    if (count == MPI_UNDEFINED) break;
                    for (int i = 0; i < count; i++) statuses[some[i]] = several[i]; done += count; } break;
        case 4: while (done < n) { int count; MPI_Testsome(n, requests, &count, some, several);
                    if (count == MPI_UNDEFINED) break;
                    for (int i = 0; i < count; i++) statuses[some[i]] = several[i]; done += count; } break;
        default: for (int i = n - 1; i >= 0; i--) MPI_Wait(&requests[i], &statuses[i]);
    }
    for (int i = 0; i < n; i++) if (requests[i] != MPI_REQUEST_NULL) fail("request %d is not null after completion", i);
}

/* All receives are posted, then all sends, persistent ones among them; then everything is completed in some way. */
static void posted_round(Message *list, int n, int late, int collective) {
    MPI_Request requests[2 * MAX_MESSAGES + 1];
    MPI_Status statuses[2 * MAX_MESSAGES + 1];
    Message *of[2 * MAX_MESSAGES + 1] = {0};
    char *memory[2 * MAX_MESSAGES + 1], *at[2 * MAX_MESSAGES + 1];
    int used = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < n; i++) {
            Message *m = &list[i];
            MPI_Comm comm = comms[m->comm];
            int source = source_of(m), dest = dest_of(m), self = ranks[m->comm];
            if ((pass == late) && self == dest) {
                memory[used] = room(m->receive_type, m->receive_count, &at[used]);
                of[used] = m;
                MPI_Irecv(at[used], m->receive_count, types[m->receive_type], source, m->tag, comm, &requests[used]);
                used++;
            }
            if ((pass != late) && self == source) {
                memory[used] = room(m->type, m->count, &at[used]);
                fill(m, at[used]);
                of[used] = NULL;
                switch (m->mode) {
                    case 1: MPI_Issend(at[used], m->count, types[m->type], dest, m->tag, comm, &requests[used]); break;
                    case 2: MPI_Ibsend(at[used], m->count, types[m->type], dest, m->tag, comm, &requests[used]); break;
                    default: MPI_Isend(at[used], m->count, types[m->type], dest, m->tag, comm, &requests[used]);
                }
                used++;
            }
        }
    if (collective == 1) MPI_Barrier(MPI_COMM_WORLD); /* with receives posted and sends under way */
    if (collective == 2) { of[used] = NULL, memory[used] = NULL; MPI_Ibarrier(MPI_COMM_WORLD, &requests[used++]); }
    complete(requests, statuses, used, below(6));
    for (int i = 0; i < used; i++) {
        if (of[i]) {
            Message *m = of[i];
            int bytes;
            if (statuses[i].MPI_SOURCE != source_of(m) || statuses[i].MPI_TAG != m->tag)
                fail("source %d tag %d instead of %d %d", statuses[i].MPI_SOURCE, statuses[i].MPI_TAG, source_of(m), m->tag);
            MPI_Get_count(&statuses[i], MPI_BYTE, &bytes);
            check(m, at[i], bytes);
        }
        free(memory[i]);
    }
}

/* The same messages several times with persistent requests, and other data each time. */
static void persistent_round(Message *list, int n) {
    MPI_Request requests[2 * MAX_MESSAGES];
    MPI_Status statuses[2 * MAX_MESSAGES];
    Message *sent[2 * MAX_MESSAGES], *received[2 * MAX_MESSAGES];
    char *memory[2 * MAX_MESSAGES], *at[2 * MAX_MESSAGES];
    int used = 0, times = 1 + below(4);
    for (int i = 0; i < n; i++) {
        Message *m = &list[i];
        MPI_Comm comm = comms[m->comm];
        if (ranks[m->comm] == dest_of(m)) {
            received[used] = m, sent[used] = NULL;
            memory[used] = room(m->receive_type, m->receive_count, &at[used]);
            MPI_Recv_init(at[used], m->receive_count, types[m->receive_type], source_of(m), m->tag, comm, &requests[used]);
            used++;
        }
        if (ranks[m->comm] == source_of(m)) {
            sent[used] = m, received[used] = NULL;
            memory[used] = room(m->type, m->count, &at[used]);
            int (*init)(const void *, int, MPI_Datatype, int, int, MPI_Comm, MPI_Request *) =
                m->mode == 0 ? MPI_Send_init : m->mode == 1 ? MPI_Ssend_init : MPI_Send_init;
            init(at[used], m->count, types[m->type], dest_of(m), m->tag, comm, &requests[used]);
            used++;
        }
    }
    for (int time = 0; time < times; time++) {
        for (int i = 0; i < n; i++) list[i].key += (uint64_t)time;
        for (int i = 0; i < used; i++) if (sent[i]) fill(sent[i], at[i]);
        MPI_Startall(used, requests);
        MPI_Waitall(used, requests, statuses);
        for (int i = 0; i < used; i++) if (received[i]) {
            int bytes;
            MPI_Get_count(&statuses[i], MPI_BYTE, &bytes);
            check(received[i], at[i], bytes);
            if (requests[i] == MPI_REQUEST_NULL) fail("a persistent request became null");
        }
    }
    for (int i = 0; i < used; i++) MPI_Request_free(&requests[i]), free(memory[i]);
}

/* Everybody sends numbered messages to one rank, which takes them from anywhere: per sender and tag they come in order. */
static void wildcard_round(void) {
    int c = below(COMMS), sink = below(1 << 16) % sizes[c], count = 1 + below(40), self = ranks[c], any_tag = below(2);
    int long_ones = below(3) == 0 && any_tag; /* else long sends of tag 1 would wait for receives behind tag 0 */
    MPI_Comm comm = comms[c];
    static int payload[8192];
    MPI_Barrier(MPI_COMM_WORLD); /* nothing older may match MPI_ANY_TAG, and nothing younger: see below */
    if (self != sink) {
        for (int i = 0; i < count; i++) {
            payload[0] = i, payload[1] = self;
            MPI_Send(payload, long_ones && i % 2 ? 8192 : 2, MPI_INT, sink, i % 2, comm);
        }
        MPI_Barrier(MPI_COMM_WORLD);
        return;
    }
    int *expected[2] = {calloc(sizes[c], sizeof(int)), calloc(sizes[c], sizeof(int))};
    for (int s = 0; s < sizes[c]; s++) expected[1][s] = 1;
    int total = count * (sizes[c] - 1), tags[2] = {(count + 1) / 2 * (sizes[c] - 1), count / 2 * (sizes[c] - 1)};
    for (int i = 0; i < total; i++) {
        MPI_Status status;
        int tag = any_tag ? MPI_ANY_TAG : tags[0] > 0 ? 0 : 1; /* all of tag 0 first: the others are unexpected */
        MPI_Recv(payload, 8192, MPI_INT, MPI_ANY_SOURCE, tag, comm, &status);
        int t = status.MPI_TAG, s = status.MPI_SOURCE;
        if (payload[1] != s || payload[0] != expected[t][s]) fail("from %d tag %d: number %d instead of %d", s, t, payload[0], expected[t][s]);
        expected[t][s] += 2, tags[t]--;
        digest += (uint64_t)payload[0] * 31 + s;
    }
    free(expected[0]), free(expected[1]);
    MPI_Barrier(MPI_COMM_WORLD);
}

int main(int argc, char **argv) {
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &me);
    MPI_Comm_size(MPI_COMM_WORLD, &np);
    if (argc < 3) { if (me == 0) fprintf(stderr, "usage: random_traffic SEED ROUNDS [LONGEST]\n"); MPI_Abort(MPI_COMM_WORLD, 2); }
    state = strtoull(argv[1], NULL, 10);
    int rounds = atoi(argv[2]);
    if (argc > 3) longest_derived = atoi(argv[3]);
    static Message list[MAX_MESSAGES];
    make_communicators();
    make_types();
    for (round_number = 0; round_number < rounds; round_number++) {
        int kind = below(5), n = make_messages(list), late = below(2), collective = below(4);
        buffered_space(1);
        switch (kind) {
            case 0: ordered_round(list, n); break;
            case 1: wildcard_round(); break;
            case 2: persistent_round(list, n); break;
            default: posted_round(list, n, late, collective);
        }
        buffered_space(0);
    }
    uint64_t total;
    MPI_Reduce(&digest, &total, 1, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
    if (me == 0) printf("seed %s: %d ranks, %d rounds, digest %016llx\n", argv[1], np, rounds, (unsigned long long)total);
    for (int c = 1; c < COMMS; c++) MPI_Comm_free(&comms[c]);
    for (int t = 3; t < TYPES; t++) MPI_Type_free(&types[t]);
    MPI_Finalize();
    return 0;
}
