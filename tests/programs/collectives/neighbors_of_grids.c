/* Neighbourhood operations on a chain, and on grids, with and without ends, and so narrow that a neighbour is one twice or the rank itself.
 * @np 1 2 4 6
 * @without-stock MPICH 4.0.2 confuses the directions of grids that are one or two ranks wide
 */
#include "neighbors.h"

int main(int argc, char **argv) {
    begin(&argc, &argv);
    static const int shapes[][2] = {{1, 0}, {2, 0}, {2, 1}};
    for (int k = 0; k < 3; k++)
        for (int periodic = 0; periodic < 2; periodic++) {
            int dims[2] = {shapes[k][1] ? 2 : 0, 0}, periods[2] = {periodic, periodic}, nd = shapes[k][0];
            if (np % 2 && dims[0]) continue;
            MPI_Comm cart;
            char name[60];
            MPI_Dims_create(np, nd, dims);
            MPI_Cart_create(MPI_COMM_WORLD, nd, dims, periods, 0, &cart);
            snprintf(name, sizeof name, "grid %d x %d%s", dims[0], nd > 1 ? dims[1] : 1, periodic ? ", periodic" : "");
            grid = 1, exchange(name, cart, 2 * nd, 2 * nd), grid = 0;
            MPI_Comm_free(&cart);
        }
    /* A chain: ends have no source or no destination. */
    int before = me - 1, behind = me + 1;
    MPI_Comm wild;
    MPI_Dist_graph_create_adjacent(MPI_COMM_WORLD, me > 0, &before, MPI_UNWEIGHTED, me < np - 1, &behind, MPI_UNWEIGHTED, MPI_INFO_NULL, 0, &wild);
    chain = 1, exchange("chain", wild, me > 0, me < np - 1);
    MPI_Comm_free(&wild);
    MPI_Finalize();
    if (me == 0) puts("done");
    return 0;
}
