/* Plays cases that the generator (tests/src/generator) wrote, checks all data that arrives, and writes one line per case into
 * a file: a digest of what MPI determines, for the comparison of two MPI libraries.
 * Usage: interpreter SCRIPT RESULTS [threads]
 * @flags -pthread */
#include <mpi.h>
#include "script.h"
#include "player.h"
#include "communicators.h"
#include "types.h"
#include "rooms.h"
#include "transfers.h"
#include "sendrecvs.h"
#include "completions.h"
#include "checks.h"

static Script script;
static char *buffer;

/* `buffer attach bytes=` and `buffer detach` */
static void do_buffer(Player *player, const char *line) {
    char how[24];
    if (!strcmp(word(line, 1, how, sizeof how), "attach")) {
        int bytes = (int)number(line, "bytes", 0);
        must(player, MPI_Buffer_attach(buffer = malloc((size_t)bytes), bytes));
        return;
    }
    char *old;
    int bytes;
    must(player, MPI_Buffer_detach(&old, &bytes));
    if (old != buffer) fail(player, "the detached buffer is another one");
    free(buffer);
}

typedef struct {
    int from, to, thread;
    uint64_t digest;
} Part;

static void play(Player *player, int from, int to);

static void *play_thread(void *argument) {
    Part *part = argument;
    Player *player = calloc(1, sizeof *player);
    player->thread = part->thread;
    play(player, part->from, part->to);
    part->digest = player->digest;
    free(player);
    return NULL;
}

/* `threads - count=`: each plays its lines up to `join`; returns that line's number. */
static int do_threads(Player *player, int from, int end) {
    int count = (int)number(player->line, "count", 0), to = from;
    pthread_t threads[8];
    Part parts[8];
    while (to < end && strncmp(script.lines[to].text, "join", 4)) to++;
    for (int i = 0; i < count; i++) {
        parts[i] = (Part){from + 1, to, i, 0};
        if (pthread_create(&threads[i], NULL, play_thread, &parts[i])) fail(player, "no thread");
    }
    for (int i = 0; i < count; i++) pthread_join(threads[i], NULL), player->digest += parts[i].digest;
    return to;
}

/* Plays the lines of one thread (-1: none). */
static void play(Player *player, int from, int to) {
    for (int i = from; i < to; i++) {
        const char *line = script.lines[i].text;
        char verb[24];
        if (script.lines[i].thread != player->thread) continue;
        player->line = line;
        word(line, 0, verb, sizeof verb);
        if (!strcmp(verb, "send")) do_send(player, line);
        else if (!strcmp(verb, "recv")) do_receive(player, line);
        else if (!strcmp(verb, "inbound")) do_inbound(player, line);
        else if (!strcmp(verb, "complete")) do_complete(player, line);
        else if (!strcmp(verb, "check")) do_check(player);
        else if (!strcmp(verb, "start")) do_start(player, line);
        else if (!strcmp(verb, "free")) do_free(player, line);
        else if (!strcmp(verb, "sendrecv")) do_sendrecv(player, line);
        else if (!strcmp(verb, "collective")) do_collective(player, line);
        else if (!strcmp(verb, "barrier")) must(player, MPI_Barrier(comm_of(player, line, "comm")));
        else if (!strcmp(verb, "pause")) do_pause(line);
        else if (!strcmp(verb, "nothing")) do_nothing_there(player, line);
        else if (!strcmp(verb, "cancel")) do_cancel(player, line);
        else if (!strcmp(verb, "again")) do_again(player, line);
        else if (!strcmp(verb, "tell")) do_tell(player, line);
        else if (!strcmp(verb, "hear")) i += do_hear(player, line); /* a cancelled message's receive comes next */
        else if (!strcmp(verb, "comm")) make_communicator(player, line);
        else if (!strcmp(verb, "members")) check_communicator(player, line);
        else if (!strcmp(verb, "free_comm")) free_communicator(player, line);
        else if (!strcmp(verb, "type")) make_type(player, line);
        else if (!strcmp(verb, "buffer")) do_buffer(player, line);
        else if (!strcmp(verb, "threads")) i = do_threads(player, i, to);
        else fail(player, "no such instruction");
    }
    player->line = NULL;
}

/* The lines from `from` to `to` are one case. */
static void play_case(FILE *results, int from, int to) {
    static Player player;
    player = (Player){.thread = -1};
    begin_communicators();
    begin_types();
    play(&player, from, to);
    end_communicators(&player);
    end_types();
    end_case(&player, results);
}

int main(int argc, char **argv) {
    int given, level = argc > 3 ? MPI_THREAD_MULTIPLE : MPI_THREAD_SINGLE;
    Player player = {.thread = -1};
    MPI_Init_thread(&argc, &argv, level, &given);
    MPI_Comm_rank(MPI_COMM_WORLD, &me);
    MPI_Comm_size(MPI_COMM_WORLD, &np);
    if (argc < 3 || given < level) fail(&player, "usage: interpreter SCRIPT RESULTS [threads]; thread level %d", given);
    play_script(&player, &script, argv[1], argv[2], play_case);
    MPI_Finalize();
    return 0;
}
