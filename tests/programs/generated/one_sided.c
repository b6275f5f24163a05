/* Plays one-sided cases that the generator (tests/src/generator/one_sided) wrote, checks all memory and all that is fetched
 * against a model, and writes one line per case into a file: a digest of all memory.
 * Usage: one_sided SCRIPT RESULTS */
#include <mpi.h>
#include "script.h"
#include "player.h"
#include "communicators.h"
#include "types.h"
#include "rooms.h"
#include "windows_drawn.h"
#include "operations.h"
#include "epochs.h"

static Script script;

static void play(Player *player, int from, int to) {
    Window *w = NULL;
    for (int i = from; i < to; i++) {
        const char *line = script.lines[i].text;
        char verb[24];
        player->line = line;
        word(line, 0, verb, sizeof verb);
        if (!strcmp(verb, "comm")) make_communicator(player, line);
        else if (!strcmp(verb, "members")) check_communicator(player, line);
        else if (!strcmp(verb, "type")) make_type(player, line);
        else if (!strcmp(verb, "win")) make_window(player, line);
        else if (!strcmp(verb, "step")) {
            w = window_of(player, line, "win");
            region_count = operation_count = 0;
            if (w) memset(w->cursor, 0, sizeof w->cursor);
        } else if (!strcmp(verb, "region")) { if (w) add_region(player, w, line); }
        else if (!strcmp(verb, "op")) { if (w) add_operation(player, w, line); }
        else if (!strcmp(verb, "epoch")) { if (w) play_epoch(player, w, line); }
        else if (!strcmp(verb, "free_win")) free_window(player, window_of(player, line, "slot"));
        else fail(player, "no such instruction");
    }
    player->line = NULL;
}

/* The lines from `from` to `to` are one case. */
static void play_case(FILE *results, int from, int to) {
    static Player player;
    player = (Player){.thread = -1};
    begin_communicators(), begin_types(), begin_windows();
    play(&player, from, to);
    end_windows(&player), end_communicators(&player), end_types();
    end_case(&player, results);
}

int main(int argc, char **argv) {
    Player player = {.thread = -1};
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &me), MPI_Comm_size(MPI_COMM_WORLD, &np);
    if (argc < 3) fail(&player, "usage: one_sided SCRIPT RESULTS");
    play_script(&player, &script, argv[1], argv[2], play_case);
    MPI_Finalize();
    return 0;
}
