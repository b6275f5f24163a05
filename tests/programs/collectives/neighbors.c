/* Neighbourhood operations on graphs and on distributed graphs with several edges between two ranks: every rank says what it
 * received, and no more.
 * @np 1 2 4 6
 */
#include "neighbors.h"

int main(int argc, char **argv) {
    begin(&argc, &argv);
    /* Everybody with rank 0, and 0 with itself. */
    int index[40], edges[80], e = 0;
    for (int r = 0; r < np; r++) {
        if (r == 0) for (int o = 0; o < np; o++) edges[e++] = o;
        else edges[e++] = 0;
        index[r] = e;
    }
    MPI_Comm star, wild;
    MPI_Graph_create(MPI_COMM_WORLD, np, index, edges, 0, &star);
    exchange("star", star, me ? 1 : np, me ? 1 : np);
    /* r sends to r + 1 twice, to r + 2, and rank 0 to nobody else; with several edges between the same ranks if there are few. */
    int destinations[3] = {(me + 1) % np, (me + 1) % np, (me + 2) % np}, sources[3] = {(me + np - 1) % np, (me + np - 1) % np, (me + 2 * np - 2) % np};
    MPI_Dist_graph_create_adjacent(MPI_COMM_WORLD, 3, sources, MPI_UNWEIGHTED, 3, destinations, MPI_UNWEIGHTED, MPI_INFO_NULL, 0, &wild);
    exchange("distributed graph", wild, 3, 3);
    MPI_Comm_free(&star), MPI_Comm_free(&wild);
    MPI_Finalize();
    return 0;
}
