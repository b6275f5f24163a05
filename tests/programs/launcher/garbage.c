/* Speaks no PMI, or odd PMI: rank 1 writes what its argument says to PMI_FD, and leaves with 3 if it gets an answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say(int fd, const char *text, size_t bytes) {
    if (write(fd, text, bytes) < 0) _exit(1);
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    int fd = atoi(getenv("PMI_FD"));
    static char many[1 << 20];
    memset(many, 'x', sizeof many);
    if (atoi(getenv("PMI_RANK")) == 1) {
        if (!strcmp(what, "binary")) say(fd, "\0\1\377\376=\n\n\0\n", 9);
        if (!strcmp(what, "text")) say(fd, "hello world\n", 12);
        if (!strcmp(what, "unknown")) say(fd, "cmd=no_such_command\n", 20);
        if (!strcmp(what, "endless")) say(fd, many, sizeof many);
        if (!strcmp(what, "missing")) say(fd, "cmd=init pmi_version=1 pmi_subversion=1\ncmd=put key=a\n", 54);
        if (!strcmp(what, "number")) say(fd, "cmd=init pmi_version=99999999999999999999 pmi_subversion=-\n", 59);
        if (!strcmp(what, "abort")) say(fd, "cmd=abort exitcode=99999999999999\n", 34);
        if (!strcmp(what, "spawn")) say(fd, "mcmd=spawn\nnprocs=-1\nexecname=\nendcmd\n", 38);
        if (!strcmp(what, "barrier")) say(fd, "cmd=barrier_in\ncmd=barrier_in\ncmd=finalize\n", 43);
        if (!strcmp(what, "half")) { say(fd, "cmd=init pmi_vers", 17); return 3; }
        char answer[100];
        if (read(fd, answer, sizeof answer) > 0) return 3;
        sleep(1000);
    }
    if (!strcmp(what, "binary") || !strcmp(what, "text") || !strcmp(what, "endless") || !strcmp(what, "missing") || !strcmp(what, "abort"))
        sleep(1000); /* until the job is ended */
    return 0;
}
