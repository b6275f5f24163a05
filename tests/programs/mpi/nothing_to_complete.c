/* Completion calls on empty arrays, null requests and inactive ones return as the standard says (MPI 4.0, 3.7.5).
 * @np 1 */
#include "test.h"
static void show(const char *what, int flag, int index, MPI_Status *s) {
    int count, cancelled;
    MPI_Get_count(s, MPI_INT, &count), MPI_Test_cancelled(s, &cancelled);
    printf("%s: flag %d index %d source %d tag %d count %d cancelled %d\n", what, flag, index == MPI_UNDEFINED ? -1 : index, s->MPI_SOURCE, s->MPI_TAG, count, cancelled);
}
int main(int argc, char **argv) {
    begin(&argc, &argv);
    MPI_Request null = MPI_REQUEST_NULL, two[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL}, persistent;
    MPI_Status s[2], fresh;
    int flag, index, indices[2], data;
    memset(&fresh, 7, sizeof fresh);
    s[0] = fresh, MPI_Wait(&null, &s[0]), show("wait", 1, 0, &s[0]);
    s[0] = fresh, MPI_Test(&null, &flag, &s[0]), show("test", flag, 0, &s[0]);
    s[0] = fresh, MPI_Waitany(2, two, &index, &s[0]), show("waitany", 1, index, &s[0]);
    s[0] = fresh, MPI_Testany(2, two, &index, &flag, &s[0]), show("testany", flag, index, &s[0]);
    s[0] = fresh, MPI_Testany(0, NULL, &index, &flag, &s[0]), show("testany of none", flag, index, &s[0]);
    s[1] = fresh, MPI_Waitall(2, two, s), show("waitall", 1, 0, &s[1]);
    s[1] = fresh, MPI_Testall(2, two, &flag, s), show("testall", flag, 0, &s[1]);
    MPI_Waitall(0, NULL, MPI_STATUSES_IGNORE), MPI_Testall(0, NULL, &flag, MPI_STATUSES_IGNORE);
    printf("testall of none: %d\n", flag);
    MPI_Waitsome(2, two, &index, indices, s), printf("waitsome %d\n", index == MPI_UNDEFINED);
    MPI_Testsome(2, two, &index, indices, s), printf("testsome %d\n", index == MPI_UNDEFINED);
    MPI_Recv_init(&data, 1, MPI_INT, 0, 0, MPI_COMM_WORLD, &persistent);
    two[1] = persistent;
    s[0] = fresh, MPI_Waitany(2, two, &index, &s[0]), show("waitany of inactive", 1, index, &s[0]);
    MPI_Testany(2, two, &index, &flag, &s[0]); /* stock 4.0.2 leaves the status unset */
    printf("testany of inactive: flag %d undefined %d\n", flag, index == MPI_UNDEFINED);
    s[1] = fresh, MPI_Waitall(2, two, s), show("waitall of inactive", 1, 0, &s[1]);
    MPI_Waitsome(2, two, &index, indices, s), printf("waitsome of inactive %d\n", index == MPI_UNDEFINED);
    s[0] = fresh, MPI_Request_get_status(two[1], &flag, &s[0]), show("get_status of inactive", flag, 0, &s[0]);
    s[0] = fresh, MPI_Request_get_status(MPI_REQUEST_NULL, &flag, &s[0]), show("get_status of null", flag, 0, &s[0]);
    printf("still there: %d\n", two[1] == persistent);
    MPI_Request_free(&two[1]);
    MPI_Finalize();
    return 0;
}
