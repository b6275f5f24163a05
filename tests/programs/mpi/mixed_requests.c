/* Requests of the library (collectives, generalized) and point-to-point ones complete in one Waitall, Waitany, Testsome.
 * @np 2 4 */
#include "test.h"
static int query(void *s, MPI_Status *status) { (void)s; MPI_Status_set_elements(status, MPI_INT, 3); MPI_Status_set_cancelled(status, 0); status->MPI_SOURCE = 77; status->MPI_TAG = 78; return 0; }
static int release(void *s) { (void)s; return 0; }
static int cancel(void *s, int complete) { (void)s, (void)complete; return 0; }
int main(int argc, char **argv) {
    begin(&argc, &argv);
    static char out[300000], in[300000];
    int right = (me + 1) % np, left = (me + np - 1) % np, total = 0;
    for (int round = 0; round < 60; round++) {
        int bytes = round % 2 ? 300000 : 100, one = 1, sum = 0, n = 7;
        MPI_Request r[7];
        MPI_Status s[7];
        fill(out, bytes, me + round);
        MPI_Ibarrier(MPI_COMM_WORLD, &r[0]);
        MPI_Irecv(in, bytes, MPI_BYTE, left, round, MPI_COMM_WORLD, &r[1]);
        MPI_Iallreduce(&one, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD, &r[2]);
        r[3] = MPI_REQUEST_NULL;
        MPI_Isend(out, bytes, MPI_BYTE, right, round, MPI_COMM_WORLD, &r[4]);
        MPI_Grequest_start(query, release, cancel, NULL, &r[5]);
        MPI_Grequest_complete(r[5]);
        MPI_Isend(out, 0, MPI_BYTE, MPI_PROC_NULL, 0, MPI_COMM_WORLD, &r[6]);
        if (round % 4 == 0) MPI_Waitall(n, r, s);
        else if (round % 4 == 1) {
            int flag = 0;
            while (!flag) MPI_Testall(n, r, &flag, s);
        } else if (round % 4 == 2) {
            for (int index; MPI_Waitany(n, r, &index, MPI_STATUS_IGNORE), index != MPI_UNDEFINED;) require(r[index] == MPI_REQUEST_NULL);
        } else {
            int count = 0, indices[7];
            while (MPI_Testsome(n, r, &count, indices, s), count != MPI_UNDEFINED) {}
        }
        for (int i = 0; i < n; i++) require(r[i] == MPI_REQUEST_NULL);
        if (round % 4 < 2) {
            int count;
            MPI_Get_count(&s[5], MPI_INT, &count);
            require(s[1].MPI_SOURCE == left && s[1].MPI_TAG == round && s[5].MPI_SOURCE == 77 && count == 3);
            require(s[3].MPI_SOURCE == MPI_ANY_SOURCE && s[3].MPI_TAG == MPI_ANY_TAG);
        }
        require(is_filled(in, bytes, left + round));
        total += sum;
    }
    printf("%d\n", total);
    MPI_Finalize();
    return 0;
}
