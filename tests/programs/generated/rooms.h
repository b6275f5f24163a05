/* Memory for messages: filled from a key, and compared afterwards with what should be there, gaps and surroundings included. */
#define GUARD 64
#define UNTOUCHED 0xe5

static void bytes_of_key(uint64_t key, char *out, long bytes) {
    for (long at = 0; at < bytes; at += 8) {
        uint64_t next = mixed(key + (uint64_t)at);
        memcpy(out + at, &next, (size_t)(bytes - at < 8 ? bytes - at : 8));
    }
}

/* Room for `count` elements of a type and a guard on both sides. */
static Room room_make(Player *player, int type_number, MPI_Count count) {
    const Type *type = type_at(player, type_number);
    MPI_Count low = 0, high = 0;
    if (count > 0 && type->size > 0) {
        MPI_Count last = (count - 1) * type->extent;
        low = type->true_lb, high = type->true_lb + type->true_extent;
        if (last > 0) high += last;
        else low += last;
    }
    Room room = {.type = type_number, .count = count, .bytes = (size_t)(high - low) + 2 * GUARD};
    room.memory = malloc(room.bytes);
    memset(room.memory, UNTOUCHED, room.bytes);
    room.at = room.memory + GUARD - low;
    return room;
}

static long room_capacity(const Room *room) { return (long)(types[room->type].size * room->count); }

/* Lays `bytes` packed bytes into `memory`, which has the room's shape; nothing else changes. */
static void lay(Player *player, const Room *room, char *memory, const char *packed, long bytes) {
    long capacity = room_capacity(room);
    char *at = memory + (room->at - room->memory), *all = malloc((size_t)capacity + 1);
    int position = 0;
    if (capacity > 0) {
        if (bytes < capacity) must(player, MPI_Pack(at, (int)room->count, types[room->type].handle, all, (int)capacity, &position, MPI_COMM_SELF));
        memcpy(all, packed, (size_t)bytes);
        position = 0;
        must(player, MPI_Unpack(all, (int)capacity, &position, at, (int)room->count, types[room->type].handle, MPI_COMM_SELF));
    }
    free(all);
}

static void room_lay_key(Player *player, const Room *room, char *memory, uint64_t key, long bytes) {
    char *packed = malloc((size_t)bytes + 8);
    bytes_of_key(key, packed, bytes);
    lay(player, room, memory, packed, bytes);
    free(packed);
}

/* Fills a room that will be sent; remembers what it holds. */
static void room_fill(Player *player, Room *room, uint64_t key) {
    memset(room->memory, UNTOUCHED, room->bytes);
    room_lay_key(player, room, room->memory, key, room_capacity(room));
    if (!room->copy) room->copy = malloc(room->bytes);
    memcpy(room->copy, room->memory, room->bytes);
}

static void room_clear(Room *room) { memset(room->memory, UNTOUCHED, room->bytes); }

static void room_free(Room *room) {
    free(room->memory), free(room->copy);
    *room = (Room){0};
}

/* After a send. */
static void room_check_unchanged(Player *player, const Room *room) {
    if (memcmp(room->memory, room->copy, room->bytes)) fail(player, "the memory of a send was written to");
}

/* After a receive of `bytes` bytes made of `key`, on top of what `before` held (NULL: untouched). */
static void room_check(Player *player, const Room *room, uint64_t key, long bytes, const char *before) {
    char *wanted = malloc(room->bytes);
    if (before) memcpy(wanted, before, room->bytes);
    else memset(wanted, UNTOUCHED, room->bytes);
    room_lay_key(player, room, wanted, key, bytes);
    for (size_t i = 0; i < room->bytes; i++)
        if (wanted[i] != room->memory[i])
            fail(player, "byte %ld from the buffer's address on is %02x instead of %02x (type %d, %ld elements, %ld bytes received)",
                 (long)(room->memory + i - room->at), room->memory[i] & 255, wanted[i] & 255, room->type, (long)room->count, bytes);
    free(wanted);
}

/* After a receive that was too small: only its elements may have changed. */
static void room_check_outside(Player *player, const Room *room) {
    long capacity = room_capacity(room);
    char *found = malloc((size_t)capacity + 1), *wanted = malloc(room->bytes);
    int position = 0;
    if (capacity > 0) must(player, MPI_Pack(room->at, (int)room->count, types[room->type].handle, found, (int)capacity, &position, MPI_COMM_SELF));
    memset(wanted, UNTOUCHED, room->bytes);
    lay(player, room, wanted, found, capacity);
    if (memcmp(wanted, room->memory, room->bytes)) fail(player, "a truncated message was written outside of its elements");
    free(found), free(wanted);
}
