/* The predefined datatypes that accumulates take, by class (MPI-4.0 section 6.9.2), and the operations each class knows.
 * MPI_Reduce_local says what an operation should give, where it is right. */
#include "windows.h"

/* An element's parts: i any bits of an integer or of bytes, f float, d double, g long double, l 0 or 1. */
typedef struct {
    const char *name;
    MPI_Datatype type;
    char class;          /* I C integer, F Fortran integer, R float, L logical, C complex, B byte, M multi-language, P pair */
    char part[2];
    int bytes[2], place; /* sizes of the parts, and where the second one is */
} Element;

#define ONE(t, class, part, size) {#t, t, class, {part, 0}, {size, 0}, 0}
#define TWO(t, class, p, a, q, b, place) {#t, t, class, {p, q}, {a, b}, place}

static const Element elements[] = {
    ONE(MPI_SIGNED_CHAR, 'I', 'i', 1), ONE(MPI_UNSIGNED_CHAR, 'I', 'i', 1), ONE(MPI_SHORT, 'I', 'i', 2),
    ONE(MPI_UNSIGNED_SHORT, 'I', 'i', 2), ONE(MPI_INT, 'I', 'i', 4), ONE(MPI_UNSIGNED, 'I', 'i', 4), ONE(MPI_LONG, 'I', 'i', 8),
    ONE(MPI_UNSIGNED_LONG, 'I', 'i', 8), ONE(MPI_LONG_LONG, 'I', 'i', 8), ONE(MPI_UNSIGNED_LONG_LONG, 'I', 'i', 8),
    ONE(MPI_INT8_T, 'I', 'i', 1), ONE(MPI_INT16_T, 'I', 'i', 2), ONE(MPI_INT32_T, 'I', 'i', 4), ONE(MPI_INT64_T, 'I', 'i', 8),
    ONE(MPI_UINT8_T, 'I', 'i', 1), ONE(MPI_UINT16_T, 'I', 'i', 2), ONE(MPI_UINT32_T, 'I', 'i', 4), ONE(MPI_UINT64_T, 'I', 'i', 8),
    ONE(MPI_INTEGER, 'F', 'i', 4), ONE(MPI_INTEGER1, 'F', 'i', 1), ONE(MPI_INTEGER2, 'F', 'i', 2), ONE(MPI_INTEGER4, 'F', 'i', 4),
    ONE(MPI_INTEGER8, 'F', 'i', 8), ONE(MPI_FLOAT, 'R', 'f', 4), ONE(MPI_DOUBLE, 'R', 'd', 8), ONE(MPI_LONG_DOUBLE, 'R', 'g', 10),
    ONE(MPI_REAL, 'R', 'f', 4), ONE(MPI_DOUBLE_PRECISION, 'R', 'd', 8), ONE(MPI_REAL4, 'R', 'f', 4), ONE(MPI_REAL8, 'R', 'd', 8),
    ONE(MPI_LOGICAL, 'L', 'l', 4), ONE(MPI_C_BOOL, 'L', 'l', 1), ONE(MPI_CXX_BOOL, 'L', 'l', 1),
    TWO(MPI_COMPLEX, 'C', 'f', 4, 'f', 4, 4), TWO(MPI_DOUBLE_COMPLEX, 'C', 'd', 8, 'd', 8, 8),
    TWO(MPI_C_FLOAT_COMPLEX, 'C', 'f', 4, 'f', 4, 4), TWO(MPI_C_DOUBLE_COMPLEX, 'C', 'd', 8, 'd', 8, 8),
    TWO(MPI_C_LONG_DOUBLE_COMPLEX, 'C', 'g', 10, 'g', 10, 16), TWO(MPI_CXX_FLOAT_COMPLEX, 'C', 'f', 4, 'f', 4, 4),
    TWO(MPI_CXX_DOUBLE_COMPLEX, 'C', 'd', 8, 'd', 8, 8), TWO(MPI_COMPLEX8, 'C', 'f', 4, 'f', 4, 4),
    TWO(MPI_COMPLEX16, 'C', 'd', 8, 'd', 8, 8), ONE(MPI_BYTE, 'B', 'i', 1), ONE(MPI_AINT, 'M', 'i', 8),
    ONE(MPI_OFFSET, 'M', 'i', 8), ONE(MPI_COUNT, 'M', 'i', 8), TWO(MPI_FLOAT_INT, 'P', 'f', 4, 'i', 4, 4),
    TWO(MPI_DOUBLE_INT, 'P', 'd', 8, 'i', 4, 8), TWO(MPI_LONG_INT, 'P', 'i', 8, 'i', 4, 8), TWO(MPI_2INT, 'P', 'i', 4, 'i', 4, 4),
    TWO(MPI_SHORT_INT, 'P', 'i', 2, 'i', 4, 4), TWO(MPI_LONG_DOUBLE_INT, 'P', 'g', 10, 'i', 4, 16),
    TWO(MPI_2REAL, 'P', 'f', 4, 'f', 4, 4), TWO(MPI_2DOUBLE_PRECISION, 'P', 'd', 8, 'd', 8, 8),
    TWO(MPI_2INTEGER, 'P', 'i', 4, 'i', 4, 4)};
#define ELEMENTS ((int)(sizeof elements / sizeof *elements))

typedef struct {
    const char *name;
    MPI_Op op;
    const char *classes;
} Operation;
static const Operation operations[] = {
    {"MPI_MAX", MPI_MAX, "IFRM"},   {"MPI_MIN", MPI_MIN, "IFRM"},   {"MPI_SUM", MPI_SUM, "IFRMC"},  {"MPI_PROD", MPI_PROD, "IFRMC"},
    {"MPI_LAND", MPI_LAND, "IL"},   {"MPI_LOR", MPI_LOR, "IL"},     {"MPI_LXOR", MPI_LXOR, "IL"},   {"MPI_BAND", MPI_BAND, "IFBM"},
    {"MPI_BOR", MPI_BOR, "IFBM"},   {"MPI_BXOR", MPI_BXOR, "IFBM"}, {"MPI_MAXLOC", MPI_MAXLOC, "P"}, {"MPI_MINLOC", MPI_MINLOC, "P"},
    {"MPI_REPLACE", MPI_REPLACE, "IFRLCBMP"}, {"MPI_NO_OP", MPI_NO_OP, "IFRLCBMP"}};
#define OPERATIONS ((int)(sizeof operations / sizeof *operations))

static unsigned long long drawn = 1;
static inline unsigned draw(void) { return (unsigned)((drawn = drawn * 6364136223846793005u + 1442695040888963407u) >> 33); }

static inline int applies(const Operation *operation, const Element *element) {
    return element->type != MPI_DATATYPE_NULL && strchr(operation->classes, element->class) != NULL;
}

static inline void draw_part(char *at, char part, int bytes) {
    float f = (float)(draw() % 15) - 7;
    double d = f / 2;
    long double g = f / 4;
    if (part == 'i') for (int i = 0; i < bytes; i++) at[i] = draw() % 4 == 0 ? (char)draw() : (char)(i == 0 ? draw() % 8 : 0);
    if (part == 'l') memset(at, 0, (size_t)bytes), at[0] = draw() % 2;
    if (part == 'f') memcpy(at, &f, 4);
    if (part == 'd') memcpy(at, &d, 8);
    if (part == 'g') memcpy(at, &g, 10);
}

/* Draws `count` elements; what is no data keeps its value. */
static inline void draw_elements(const Element *element, char *at, int count) {
    MPI_Aint lb, extent;
    MPI_Type_get_extent(element->type, &lb, &extent);
    for (int i = 0; i < count; i++, at += extent) {
        draw_part(at, element->part[0], element->bytes[0]);
        if (element->part[1]) draw_part(at + element->place, element->part[1], element->bytes[1]);
    }
}

static inline int equal_elements(const Element *element, const char *one, const char *other, int count) {
    MPI_Aint lb, extent;
    MPI_Type_get_extent(element->type, &lb, &extent);
    for (int i = 0; i < count; i++, one += extent, other += extent) {
        if (memcmp(one, other, (size_t)element->bytes[0])) return 0;
        if (element->part[1] && memcmp(one + element->place, other + element->place, (size_t)element->bytes[1])) return 0;
    }
    return 1;
}

/* An integer of up to 8 bytes. */
static inline int64_t integer(const char *at, int bytes, int is_unsigned) {
    int64_t found = is_unsigned || at[bytes - 1] >= 0 ? 0 : -1;
    memcpy(&found, at, (size_t)bytes);
    return found;
}

/* The larger or smaller of two integers; MPI_Reduce_local of MPICH 4.0.2 compares unsigned integers as if they had a sign. */
static inline void extreme(const Element *element, int largest, const char *origin, char *target, int count) {
    int bytes = element->bytes[0], is_unsigned = strstr(element->name, "UNSIGNED") || strstr(element->name, "UINT");
    for (int i = 0; i < count; i++, origin += bytes, target += bytes) {
        int64_t one = integer(origin, bytes, is_unsigned), other = integer(target, bytes, is_unsigned);
        int greater = is_unsigned ? (uint64_t)one > (uint64_t)other : one > other;
        if (one != other && greater == largest) memcpy(target, origin, (size_t)bytes);
    }
}

/* `count` elements of `target` after the operation with those of `origin`. */
static inline void model(const Element *element, const Operation *operation, const char *origin, char *target, int count) {
    MPI_Aint lb, extent;
    MPI_Type_get_extent(element->type, &lb, &extent);
    if (operation->op == MPI_REPLACE) memcpy(target, origin, (size_t)(extent * count));
    else if (operation->op == MPI_MAX && element->class != 'R') extreme(element, 1, origin, target, count);
    else if (operation->op == MPI_MIN && element->class != 'R') extreme(element, 0, origin, target, count);
    else if (operation->op != MPI_NO_OP) MPI_Reduce_local(origin, target, count, element->type, operation->op);
}
