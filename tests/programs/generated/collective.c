/* Plays cases of collective operations that the generator (tests/src/generator/collective.rs) wrote, and checks all that
 * arrives against what follows from keys and ranks. Writes one line per case into a file: a digest of all results.
 * Usage: collective SCRIPT RESULTS */
#include <mpi.h>
#include "script.h"
#include "player.h"
#include "communicators.h"
#include "types.h"
#include "rooms.h"
#include "collective_calls.h"
#include "collective_moved.h"
#include "collective_reduced.h"
#include "collective_noted.h"

static Script script;

/* A message around the ring of a communicator, under way while the collective operations are. */
typedef struct { int out, in, from; MPI_Request requests[2]; } Letter;
static Letter letters[MOST_CALLS];
static int letter_count;

static void post_letter(Player *player, const char *line) {
    MPI_Comm comm = comm_of(player, line, "comm");
    Letter *letter = &letters[letter_count++ % MOST_CALLS];
    int rank, size;
    must(player, MPI_Comm_rank(comm, &rank)), must(player, MPI_Comm_size(comm, &size));
    *letter = (Letter){.out = rank * 31 + (int)number(line, "key", 0) % 1000, .in = -1, .from = (rank + size - 1) % size};
    letter->from = letter->from * 31 + (int)number(line, "key", 0) % 1000;
    must(player, MPI_Irecv(&letter->in, 1, MPI_INT, (rank + size - 1) % size, 5, comm, &letter->requests[0]));
    must(player, MPI_Isend(&letter->out, 1, MPI_INT, (rank + 1) % size, 5, comm, &letter->requests[1]));
}

/* Completes all that is under way, in one of several ways. */
static void complete(Player *player, const char *line) {
    MPI_Request requests[MOST_CALLS * 3];
    int count = 0, way = (int)(natural(line, "key") % 4);
    for (int i = 0; i < call_count; i++) requests[count++] = calls[i].request;
    for (int i = 0; i < letter_count && i < MOST_CALLS; i++)
        for (int k = 0; k < 2; k++) requests[count++] = letters[i].requests[k];
    if (way == 0) must(player, MPI_Waitall(count, requests, MPI_STATUSES_IGNORE));
    else if (way == 1)
        for (int i = count; i-- > 0; ) must(player, MPI_Wait(&requests[i], MPI_STATUS_IGNORE));
    else if (way == 2)
        for (int i, left = count; left > 0; left--) must(player, MPI_Waitany(count, requests, &i, MPI_STATUS_IGNORE));
    else
        for (int flag = 0; !flag; ) must(player, MPI_Testall(count, requests, &flag, MPI_STATUSES_IGNORE));
    for (int i = 0; i < letter_count && i < MOST_CALLS; i++)
        if (letters[i].in != letters[i].from) fail(player, "a message around the ring holds %d instead of %d", letters[i].in, letters[i].from);
    letter_count = 0;
    for (int i = 0; i < call_count; i++) {
        calls[i].request = calls[i].persistent ? requests[i] : MPI_REQUEST_NULL;
        call_end(player, &calls[i]);
    }
    call_count = 0;
}

static void play(Player *player, int from, int to) {
    for (int i = from; i < to; i++) {
        const char *line = script.lines[i].text;
        char verb[24];
        player->line = line;
        word(line, 0, verb, sizeof verb);
        if (!strcmp(verb, "comm")) make_communicator(player, line);
        else if (!strcmp(verb, "members")) check_communicator(player, line);
        else if (!strcmp(verb, "type")) make_type(player, line);
        else if (!strcmp(verb, "complete")) {
            int first = natural(line, "key") & 4 ? 1 : 0; /* what is completed first */
            if (first) check_notes(player);
            complete(player, line);
            if (!first) check_notes(player);
        }
        else if (comms[number(line, "comm", 0)] == MPI_COMM_NULL) continue; /* not ours */
        else if (!strcmp(verb, "letter")) post_letter(player, line);
        else if (!strcmp(verb, "note")) leave_note(player, line);
        else if (!strcmp(verb, "move")) move_data(player, line);
        else if (!strcmp(verb, "reduce")) reduce_data(player, line);
        else fail(player, "no such instruction");
    }
    player->line = NULL;
}

/* The lines from `from` to `to` are one case. */
static void play_case(FILE *results, int from, int to) {
    static Player player;
    player = (Player){.thread = -1};
    begin_communicators(), begin_types(), begin_notes();
    call_count = letter_count = 0;
    play(&player, from, to);
    end_notes(&player), end_communicators(&player), end_types();
    end_case(&player, results);
}

int main(int argc, char **argv) {
    Player player = {.thread = -1};
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &me), MPI_Comm_size(MPI_COMM_WORLD, &np);
    if (argc < 3) fail(&player, "usage: collective SCRIPT RESULTS");
    make_operation(&player);
    play_script(&player, &script, argv[1], argv[2], play_case);
    free_operation(&player);
    MPI_Finalize();
    return 0;
}
