/* Every point-to-point function with every kind of wrong argument: class of the error, and whose error handler is called.
 * @np 2 */
#include "errors.h"
static char data[64], *null = NULL;
static MPI_Datatype none = MPI_DATATYPE_NULL;
static int high, far; /* beyond MPI_TAG_UB, beyond the last rank */

/* Each pair of lines: a call whose named argument is wrong, for functions with the arguments of MPI_Send. */
#define sends(function)                                                        \
    try(function(data, -1, MPI_CHAR, 1, 0, own));                              \
    try(function(null, 1, MPI_CHAR, 1, 0, own));                               \
    try(function(data, 1, none, 1, 0, own));                                   \
    try(function(data, 1, MPI_CHAR, far, 0, own));                             \
    try(function(data, 1, MPI_CHAR, -3, 0, own));                              \
    try(function(data, 1, MPI_CHAR, MPI_ANY_SOURCE, 0, own));                  \
    try(function(data, 1, MPI_CHAR, 1, -1, own));                              \
    try(function(data, 1, MPI_CHAR, 1, high, own));                            \
    try(function(data, 1, MPI_CHAR, 1, 0, MPI_COMM_NULL));                     \
    try(function(data, 1, MPI_CHAR, 1, 0, freed));                             \
    try(function(data, -1, MPI_CHAR, MPI_PROC_NULL, 0, own));                  \
    try(function(data, 1, MPI_CHAR, MPI_PROC_NULL, -1, own));                  \
    try(function(data, 1, none, MPI_PROC_NULL, 0, own));                       \
    try(function(data, 1, MPI_CHAR, MPI_PROC_NULL, 0, own))

#define receives(function, ...)                                                \
    try(function(data, -1, MPI_CHAR, 1, 0, own, __VA_ARGS__));                 \
    try(function(null, 1, MPI_CHAR, 1, 0, own, __VA_ARGS__));                  \
    try(function(data, 1, none, 1, 0, own, __VA_ARGS__));                      \
    try(function(data, 1, MPI_CHAR, far, 0, own, __VA_ARGS__));                \
    try(function(data, 1, MPI_CHAR, -3, 0, own, __VA_ARGS__));                 \
    try(function(data, 1, MPI_CHAR, 1, -2, own, __VA_ARGS__));                 \
    try(function(data, 1, MPI_CHAR, 1, high, own, __VA_ARGS__));               \
    try(function(data, 1, MPI_CHAR, 1, 0, MPI_COMM_NULL, __VA_ARGS__));        \
    try(function(data, 1, MPI_CHAR, 1, 0, freed, __VA_ARGS__));                \
    try(function(data, -1, MPI_CHAR, MPI_PROC_NULL, 0, own, __VA_ARGS__));     \
    try(function(data, 1, MPI_CHAR, MPI_PROC_NULL, high, own, __VA_ARGS__))

#define with_request(function)                                                 \
    try(function(data, -1, MPI_CHAR, 1, 0, own, &request));                    \
    try(function(null, 1, MPI_CHAR, 1, 0, own, &request));                     \
    try(function(data, 1, none, 1, 0, own, &request));                         \
    try(function(data, 1, MPI_CHAR, far, 0, own, &request));                   \
    try(function(data, 1, MPI_CHAR, 1, high, own, &request));                  \
    try(function(data, 1, MPI_CHAR, 1, 0, MPI_COMM_NULL, &request));           \
    try(function(data, 1, MPI_CHAR, 1, 0, freed, &request))

#define probes(function, ...)                                                  \
    try(function(far, 0, own, __VA_ARGS__));                                   \
    try(function(-3, 0, own, __VA_ARGS__));                                    \
    try(function(1, -2, own, __VA_ARGS__));                                    \
    try(function(1, high, own, __VA_ARGS__));                                  \
    try(function(1, 0, MPI_COMM_NULL, __VA_ARGS__));                           \
    try(function(1, 0, freed, __VA_ARGS__))

int main(int argc, char **argv) {
    begin_errors(&argc, &argv);
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Message message = MPI_MESSAGE_NULL;
    int flag;
    high = tag_ub() + 1, far = np;

    sends(MPI_Send);
    sends(MPI_Bsend);
    sends(MPI_Ssend);
    sends(MPI_Rsend);
    with_request(MPI_Isend);
    with_request(MPI_Ibsend);
    with_request(MPI_Issend);
    with_request(MPI_Irsend);
    with_request(MPI_Send_init);
    with_request(MPI_Bsend_init);
    with_request(MPI_Ssend_init);
    with_request(MPI_Rsend_init);
    receives(MPI_Recv, MPI_STATUS_IGNORE);
    receives(MPI_Irecv, &request);
    receives(MPI_Recv_init, &request);
    probes(MPI_Probe, MPI_STATUS_IGNORE);
    probes(MPI_Iprobe, &flag, MPI_STATUS_IGNORE);
    probes(MPI_Mprobe, &message, MPI_STATUS_IGNORE);
    probes(MPI_Improbe, &flag, &message, MPI_STATUS_IGNORE);

    try(MPI_Sendrecv(data, -1, MPI_CHAR, 1, 0, data + 9, 1, MPI_CHAR, 1, 0, own, MPI_STATUS_IGNORE));
    try(MPI_Sendrecv(data, 1, MPI_CHAR, 1, 0, data + 9, -1, MPI_CHAR, 1, 0, own, MPI_STATUS_IGNORE));
    try(MPI_Sendrecv(data, 1, MPI_CHAR, far, 0, data + 9, 1, MPI_CHAR, 1, 0, own, MPI_STATUS_IGNORE));
    try(MPI_Sendrecv(data, 1, MPI_CHAR, 1, 0, data + 9, 1, MPI_CHAR, far, 0, own, MPI_STATUS_IGNORE));
    try(MPI_Sendrecv(data, 1, MPI_CHAR, 1, -1, data + 9, 1, MPI_CHAR, 1, 0, own, MPI_STATUS_IGNORE));
    try(MPI_Sendrecv(data, 1, MPI_CHAR, 1, 0, data + 9, 1, none, 1, 0, own, MPI_STATUS_IGNORE));
    try(MPI_Sendrecv(data, 1, MPI_CHAR, 1, 0, null, 1, MPI_CHAR, 1, 0, own, MPI_STATUS_IGNORE));
    try(MPI_Sendrecv(data, 1, MPI_CHAR, 1, 0, data + 9, 1, MPI_CHAR, 1, 0, MPI_COMM_NULL, MPI_STATUS_IGNORE));
    try(MPI_Sendrecv_replace(data, -1, MPI_CHAR, 1, 0, 1, 0, own, MPI_STATUS_IGNORE));
    try(MPI_Sendrecv_replace(null, 1, MPI_CHAR, 1, 0, 1, 0, own, MPI_STATUS_IGNORE));
    try(MPI_Sendrecv_replace(data, 1, MPI_CHAR, far, 0, 1, 0, own, MPI_STATUS_IGNORE));
    try(MPI_Sendrecv_replace(data, 1, MPI_CHAR, 1, 0, 1, high, own, MPI_STATUS_IGNORE));
    try(MPI_Isendrecv(data, -1, MPI_CHAR, 1, 0, data + 9, 1, MPI_CHAR, 1, 0, own, &request));
    try(MPI_Isendrecv(data, 1, MPI_CHAR, 1, 0, data + 9, 1, MPI_CHAR, far, 0, own, &request));
    try(MPI_Isendrecv_replace(data, 1, none, 1, 0, 1, 0, own, &request));

    try(MPI_Mrecv(data, 1, MPI_CHAR, &message, MPI_STATUS_IGNORE));
    try(MPI_Imrecv(data, 1, MPI_CHAR, &message, &request));
    MPI_Isend(data, 4, MPI_CHAR, me, 3, own, &request);
    MPI_Mprobe(me, 3, own, &message, MPI_STATUS_IGNORE);
    try(MPI_Mrecv(data, -1, MPI_CHAR, &message, MPI_STATUS_IGNORE));
    try(MPI_Mrecv(null, 4, MPI_CHAR, &message, MPI_STATUS_IGNORE));
    try(MPI_Mrecv(data, 4, none, &message, MPI_STATUS_IGNORE));
    try(MPI_Mrecv(data, 4, MPI_CHAR, &message, MPI_STATUS_IGNORE));
    MPI_Wait(&request, MPI_STATUS_IGNORE);

    end_errors();
    return 0;
}
