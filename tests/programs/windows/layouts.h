/* Datatypes that hold twelve elements of a basic type in different places, and what a transfer between two of them gives. */
#include "windows.h"
#define TWELVE 12
#define LAYOUTS 12

static inline MPI_Datatype layout_make(int which, MPI_Datatype basic) {
    MPI_Datatype made, inner;
    MPI_Aint lb, extent;
    MPI_Type_get_extent(basic, &lb, &extent);
    if (which == 0) MPI_Type_contiguous(TWELVE, basic, &made);
    if (which == 1) MPI_Type_vector(4, 3, 5, basic, &made);
    if (which == 2) MPI_Type_vector(12, 1, 2, basic, &made);
    if (which == 3) MPI_Type_indexed(3, (int[]){5, 4, 3}, (int[]){9, 0, 16}, basic, &made); /* not in order of address */
    if (which == 4) MPI_Type_create_hindexed(2, (int[]){7, 5}, (MPI_Aint[]){3 * extent, 20 * extent}, basic, &made); /* lb > 0 */
    if (which == 5) MPI_Type_create_indexed_block(4, 3, (int[]){8, 4, 0, 12}, basic, &made);
    if (which == 6) MPI_Type_create_subarray(2, (int[]){6, 7}, (int[]){3, 4}, (int[]){2, 1}, MPI_ORDER_C, basic, &made);
    if (which == 7)
        MPI_Type_create_subarray(3, (int[]){3, 4, 5}, (int[]){2, 2, 3}, (int[]){1, 0, 2}, MPI_ORDER_FORTRAN, basic, &made);
    if (which == 8) { /* an extent with a gap behind */
        MPI_Type_contiguous(TWELVE, basic, &inner);
        MPI_Type_create_resized(inner, 0, 15 * extent, &made);
    }
    if (which == 9) { /* elements of a resized type, which lie apart */
        MPI_Type_create_resized(basic, 0, 3 * extent, &inner);
        MPI_Type_vector(3, 4, 4, inner, &made);
    }
    if (which == 10) {
        MPI_Type_contiguous(3, basic, &inner);
        MPI_Type_create_struct(2, (int[]){6, 2}, (MPI_Aint[]){0, 8 * extent}, (MPI_Datatype[]){basic, inner}, &made);
    }
    if (which == 11) { /* a column of columns */
        MPI_Type_vector(3, 1, 2, basic, &inner);
        MPI_Type_create_hvector(4, 1, 7 * extent, inner, &made);
    }
    if (which >= 8) MPI_Type_free(&inner);
    MPI_Type_commit(&made);
    return made;
}

/* `to` as it is after the elements of `from` have been laid into it. */
static inline void layout_copy(const char *from, int from_count, MPI_Datatype from_type, char *to, int to_count, MPI_Datatype to_type) {
    int bytes, position = 0;
    MPI_Pack_size(from_count, from_type, MPI_COMM_SELF, &bytes);
    char *packed = malloc((size_t)bytes + 1);
    MPI_Pack(from, from_count, from_type, packed, bytes, &position, MPI_COMM_SELF);
    bytes = position, position = 0;
    MPI_Unpack(packed, bytes, &position, to, to_count, to_type, MPI_COMM_SELF);
    free(packed);
}
