/* Speaks PMI-1 without an MPI library: sends each argument on PMI_FD and prints the answer. In an argument `|` is a new line, `$K` the
 * store's name as get_my_kvsname told it, `$S` this program, `$L` 1024 times v, `$$` a dollar. `-X`: prints the environment variable X.
 * `!N`: ends with status N. `~TEXT`: sends this without a new line. `*`: waits for ever, `@N`: N ms. Lines begin with the rank. Without PMI_FD it
 * is a program that was started alone, and runs mpiexec as such programs do. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char store[300] = "?", text[20000], answer[5000];

static void fill(const char *from, const char *self) {
    char *to = text;
    for (; *from; from++) {
        if (*from == '|') *to++ = '\n';
        else if (*from != '$') *to++ = *from;
        else if (*++from == 'K') to = stpcpy(to, store);
        else if (*from == 'S') to = stpcpy(to, self);
        else if (*from == 'L') memset(to, 'v', 1024), to += 1024;
        else *to++ = *from;
    }
    strcpy(to, "\n");
}

static char *line(int fd) {
    size_t got = 0;
    while (read(fd, answer + got, 1) == 1 && answer[got] != '\n') got++;
    answer[got] = 0;
    return answer;
}

static int alone(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    char port[9], pid[19];
    if (bind(listener, (void *)&address, length) || listen(listener, 1) || getsockname(listener, (void *)&address, &length)) exit(97);
    sprintf(port, "%d", ntohs(address.sin_port));
    sprintf(pid, "%d", getpid());
    if (!fork()) {
        execlp("mpiexec", "mpiexec", "-pmi_args", port, "default_interface", "default_key", pid, (char *)0);
        _exit(96);
    }
    int fd = accept(listener, 0, 0);
    printf("alone: %s\n", line(fd));
    const char *hello = "cmd=singinit pmi_version=1 pmi_subversion=1 stdio=yes authtype=none\n";
    if (write(fd, hello, strlen(hello)) < 0) exit(95);
    char *name = strstr(line(fd), "kvsname=");
    if (name) {
        sscanf(name, "kvsname=%299s", store);
        strcpy(name + 8, "$K");
    }
    printf("alone: %s\n", answer);
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv) {
    const char *rank = getenv("PMI_FD") ? getenv("PMI_RANK") : "alone";
    int fd = getenv("PMI_FD") ? atoi(getenv("PMI_FD")) : alone();
    for (int i = 1; i < argc; i++) {
        const char *request = argv[i];
        if (*request == '!') return atoi(request + 1);
        if (*request == '-') {
            const char *value = getenv(request + 1);
            printf("%s: %s=%s\n", rank, request + 1, value ? value : "(none)");
            continue;
        }
        if (*request == '*') pause();
        if (*request == '@') {
            usleep(atoi(request + 1) * 1000);
            continue;
        }
        fill(request + (*request == '~'), argv[0]);
        if (*request == '~') text[strlen(text) - 1] = 0;
        size_t length = strlen(text), got = 0;
        if (write(fd, text, length) != (ssize_t)length) return 99;
        do {
            ssize_t count = read(fd, answer + got, sizeof answer - 1 - got);
            if (count <= 0) { printf("%s: closed\n", rank); return 98; }
            got += count;
        } while (answer[got - 1] != '\n');
        answer[got] = 0;
        char *name = strstr(answer, "my_kvsname kvsname=");
        if (name) {
            sscanf(name, "my_kvsname kvsname=%299s", store);
            strcpy(strstr(answer, "kvsname kvsname=") + 16, "$K\n");
        }
        printf("%s: %s", rank, answer);
        fflush(stdout);
    }
    return 0;
}
