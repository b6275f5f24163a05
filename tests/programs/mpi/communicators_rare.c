/* The constructors that communicators.c leaves out, and messages on what they make.
 * @np 2 4 */
#include "test.h"
static void pass(const char *name, MPI_Comm comm) {
    static char out[60000], in[60000];
    int rank, size;
    if (comm == MPI_COMM_NULL) { printf("%s: none\n", name); return; }
    MPI_Comm_rank(comm, &rank), MPI_Comm_size(comm, &size);
    for (int bytes = 1; bytes <= 60000; bytes *= 600) {
        fill(out, bytes, rank + bytes);
        MPI_Sendrecv(out, bytes, MPI_BYTE, (rank + 1) % size, 1, in, bytes, MPI_BYTE, MPI_ANY_SOURCE, MPI_ANY_TAG, comm, MPI_STATUS_IGNORE);
        require(is_filled(in, bytes, (rank + size - 1) % size + bytes));
    }
    printf("%s: %d of %d\n", name, rank, size);
    MPI_Comm_free(&comm);
}
int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Comm made[4], comm;
    MPI_Group world, some, mine;
    MPI_Info info;
    MPI_Request r[4];
    MPI_Info_create(&info);
    MPI_Info_set(info, "mpi_assert_no_any_tag", "false");
    MPI_Comm_idup_with_info(MPI_COMM_WORLD, info, &comm, &r[0]), MPI_Wait(&r[0], MPI_STATUS_IGNORE), pass("idup_with_info", comm);
    MPI_Comm_dup_with_info(MPI_COMM_SELF, info, &comm), pass("dup of self", comm);
    for (int i = 0; i < 4; i++) MPI_Comm_idup(MPI_COMM_WORLD, &made[i], &r[i]); /* several at once, on their way at barriers */
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Waitall(4, r, MPI_STATUSES_IGNORE);
    for (int i = 3; i >= 0; i--) pass("idup at once", made[i]);

    MPI_Info_set(info, "mpi_hw_resource_type", "mpi_shared_memory");
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_HW_GUIDED, me, info, &comm), pass("hw_guided", comm);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_UNDEFINED, 0, MPI_INFO_NULL, &comm), pass("undefined type", comm);
    MPI_Comm_split_type(MPI_COMM_WORLD, me % 2 ? MPI_UNDEFINED : MPI_COMM_TYPE_SHARED, -me, MPI_INFO_NULL, &comm), pass("shared among the even", comm);

    int odd[1][3] = {{1, np - 1, 2}}, from_end[1][3] = {{np - 1, 0, -1}};
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Group_range_incl(world, 1, odd, &some);
    if (me % 2) MPI_Comm_create_group(MPI_COMM_WORLD, some, 3, &comm), pass("group of the odd", comm);
    MPI_Comm_create(MPI_COMM_WORLD, some, &comm), pass("created by all", comm);
    MPI_Group_range_incl(world, 1, from_end, &mine);
    MPI_Comm_create_from_group(mine, "backwards", MPI_INFO_NULL, MPI_ERRORS_RETURN, &comm), pass("from group", comm);
    if (me % 2) MPI_Comm_create_from_group(some, "odd", MPI_INFO_NULL, MPI_ERRORS_RETURN, &comm), pass("from group of the odd", comm);
    MPI_Group_free(&some), MPI_Group_free(&mine);

    /* Two groups and a bridge of sessions: the intercommunicator and its merger. */
    int half[1][3] = {{me < np / 2 ? 0 : np / 2, me < np / 2 ? np / 2 - 1 : np - 1, 1}}, rest[1][3] = {{me < np / 2 ? np / 2 : 0, me < np / 2 ? np - 1 : np / 2 - 1, 1}};
    MPI_Comm inter, merged;
    MPI_Group_range_incl(world, 1, half, &mine), MPI_Group_range_incl(world, 1, rest, &some);
    MPI_Intercomm_create_from_groups(mine, 0, some, 0, "halves", MPI_INFO_NULL, MPI_ERRORS_RETURN, &inter);
    MPI_Intercomm_merge(inter, me < np / 2, &merged), pass("merged", merged);
    MPI_Comm_dup(inter, &comm);
    MPI_Comm_split(comm, 0, me, &made[0]); /* of an intercommunicator */
    MPI_Comm_test_inter(made[0], &half[0][0]);
    printf("split of an intercommunicator: %d\n", half[0][0]);
    MPI_Comm_free(&made[0]), MPI_Comm_free(&comm), MPI_Comm_free(&inter);
    MPI_Group_free(&some), MPI_Group_free(&mine), MPI_Group_free(&world), MPI_Info_free(&info);

    /* Grids and graphs that leave somebody out. */
    int dims[2] = {np - 1, 1}, periods[2] = {1, 0}, index[1] = {1}, edges[1] = {0}, keep[2] = {1, 0};
    MPI_Cart_create(MPI_COMM_WORLD, 2, dims, periods, 0, &made[1]);
    if (made[1] != MPI_COMM_NULL) MPI_Cart_sub(made[1], keep, &comm), pass("row of a grid", comm);
    pass("grid", made[1]);
    MPI_Graph_create(MPI_COMM_WORLD, 1, index, edges, 0, &comm), pass("graph of one", comm);
    MPI_Comm_disconnect((MPI_Comm_dup(MPI_COMM_WORLD, &comm), &comm));
    printf("disconnected: %d\n", comm == MPI_COMM_NULL);
    MPI_Finalize();
    return 0;
}
