/* The datatypes of a case, by number: first the basic ones. */
#define MOST_TYPES 64
#define BASIC_TYPES 8

typedef struct {
    MPI_Datatype handle;
    MPI_Count size;
    MPI_Count lb, extent, true_lb, true_extent;
} Type;

static Type types[MOST_TYPES];

static Type *type_at(Player *player, int64_t index) {
    if (index < 0 || index >= MOST_TYPES || types[index].handle == MPI_DATATYPE_NULL) fail(player, "no type %ld", (long)index);
    return &types[index];
}
static Type *type_of(Player *player, const char *line, const char *name) { return type_at(player, number(line, name, 0)); }

static void measure(Type *type) {
    MPI_Type_size_x(type->handle, &type->size);
    MPI_Type_get_extent_x(type->handle, &type->lb, &type->extent);
    MPI_Type_get_true_extent_x(type->handle, &type->true_lb, &type->true_extent);
}

static void begin_types(void) {
    const MPI_Datatype basic[BASIC_TYPES] = {MPI_BYTE,  MPI_CHAR,   MPI_SHORT,     MPI_INT,
                                             MPI_FLOAT, MPI_DOUBLE, MPI_LONG_LONG, MPI_UINT64_T};
    for (int i = 0; i < MOST_TYPES; i++) types[i] = (Type){.handle = i < BASIC_TYPES ? basic[i] : MPI_DATATYPE_NULL};
    for (int i = 0; i < BASIC_TYPES; i++) measure(&types[i]);
}

static void end_types(void) {
    for (int i = BASIC_TYPES; i < MOST_TYPES; i++)
        if (types[i].handle != MPI_DATATYPE_NULL) MPI_Type_free(&types[i].handle);
}

/* Blocks of several types one behind the other, each `gap` bytes behind the last. */
static MPI_Datatype structure(Player *player, const char *line) {
    int of[MOST_LISTED], lengths[MOST_LISTED], count = list(line, "of", of), gap = (int)number(line, "gap", 0);
    list(line, "lengths", lengths);
    MPI_Aint places[MOST_LISTED], end = number(line, "start", 0);
    MPI_Datatype parts[MOST_LISTED], made;
    for (int i = 0; i < count; i++) {
        Type *type = type_at(player, of[i]);
        parts[i] = type->handle;
        places[i] = end - (lengths[i] > 0 ? (MPI_Aint)type->true_lb : 0);
        if (lengths[i] > 0) end += (lengths[i] - 1) * (MPI_Aint)type->extent + (MPI_Aint)type->true_extent;
        end += gap;
    }
    must(player, MPI_Type_create_struct(count, lengths, places, parts, &made));
    return made;
}

static MPI_Datatype sub_array(Player *player, const char *line, MPI_Datatype of) {
    int sizes[MOST_LISTED], parts[MOST_LISTED], starts[MOST_LISTED], count = list(line, "sizes", sizes);
    list(line, "parts", parts), list(line, "starts", starts);
    MPI_Datatype made;
    must(player, MPI_Type_create_subarray(count, sizes, parts, starts, number(line, "fortran", 0) ? MPI_ORDER_FORTRAN : MPI_ORDER_C,
                                          of, &made));
    return made;
}

/* blocks=0 stands for MPI_DISTRIBUTE_BLOCK, others for cyclic blocks of that length. */
static MPI_Datatype distributed_array(Player *player, const char *line, MPI_Datatype of) {
    int sizes[MOST_LISTED], blocks[MOST_LISTED], grid[MOST_LISTED], how[MOST_LISTED], count = list(line, "sizes", sizes), all = 1;
    list(line, "blocks", blocks), list(line, "grid", grid);
    for (int i = 0; i < count; i++) {
        how[i] = blocks[i] ? MPI_DISTRIBUTE_CYCLIC : MPI_DISTRIBUTE_BLOCK;
        if (!blocks[i]) blocks[i] = MPI_DISTRIBUTE_DFLT_DARG;
        all *= grid[i];
    }
    MPI_Datatype made;
    must(player, MPI_Type_create_darray(all, (int)number(line, "place", 0), count, sizes, how, blocks, grid,
                                        number(line, "fortran", 0) ? MPI_ORDER_FORTRAN : MPI_ORDER_C, of, &made));
    return made;
}

static MPI_Datatype indexed(Player *player, const char *line, const Type *of, const char *how) {
    int lengths[MOST_LISTED], places[MOST_LISTED], count = list(line, "places", places), given = list(line, "lengths", lengths);
    MPI_Datatype made;
    if (!strcmp(how, "indexed_block")) must(player, MPI_Type_create_indexed_block(count, lengths[0], places, of->handle, &made));
    else if (!strcmp(how, "indexed")) must(player, MPI_Type_indexed(given, lengths, places, of->handle, &made));
    else {
        MPI_Aint bytes[MOST_LISTED];
        for (int i = 0; i < count; i++) bytes[i] = places[i] * (MPI_Aint)of->extent;
        must(player, MPI_Type_create_hindexed(given, lengths, bytes, of->handle, &made));
    }
    return made;
}

/* `type HOW slot= of= ...`; `elements=` is the model's idea of its length. Strides in bytes are `stride` extents and `more`. */
static void make_type(Player *player, const char *line) {
    char how[24];
    word(line, 1, how, sizeof how);
    int64_t slot = number(line, "slot", -1);
    if (slot < BASIC_TYPES || slot >= MOST_TYPES) fail(player, "the script names type %ld", (long)slot);
    const Type *of = strcmp(how, "struct") ? type_of(player, line, "of") : NULL;
    int count = (int)number(line, "count", 0), block = (int)number(line, "block", 0), stride = (int)number(line, "stride", 0);
    MPI_Aint more = number(line, "more", 0), extent = of ? (MPI_Aint)of->extent : 0;
    MPI_Datatype made = MPI_DATATYPE_NULL;
    if (!strcmp(how, "contiguous")) must(player, MPI_Type_contiguous(count, of->handle, &made));
    else if (!strcmp(how, "vector")) must(player, MPI_Type_vector(count, block, stride, of->handle, &made));
    else if (!strcmp(how, "hvector")) must(player, MPI_Type_create_hvector(count, block, stride * extent + more, of->handle, &made));
    else if (!strncmp(how, "indexed", 7) || !strcmp(how, "hindexed")) made = indexed(player, line, of, how);
    else if (!strcmp(how, "struct")) made = structure(player, line);
    else if (!strcmp(how, "subarray")) made = sub_array(player, line, of->handle);
    else if (!strcmp(how, "darray")) made = distributed_array(player, line, of->handle);
    else if (!strcmp(how, "dup")) must(player, MPI_Type_dup(of->handle, &made));
    else if (!strcmp(how, "resized"))
        must(player, MPI_Type_create_resized(of->handle, (MPI_Aint)of->lb - number(line, "below", 0),
                                             extent + number(line, "below", 0) + more, &made));
    else fail(player, "no such type");
    must(player, MPI_Type_commit(&made));
    types[slot].handle = made;
    measure(&types[slot]);
    int64_t bytes = number(line, "bytes", -1);
    if (bytes >= 0 && types[slot].size != bytes) fail(player, "the type has %ld bytes", (long)types[slot].size);
}
