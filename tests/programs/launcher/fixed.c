/* Its addresses are fixed. Usage: fixed SECONDS STATUS
 * @flags -no-pie -fno-pie */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int value = 17;

int main(int argc, char **argv) {
    if (argc > 1) usleep((useconds_t)(atof(argv[1]) * 1e6));
    return value == 17 && (unsigned long)&value < 0x40000000 ? (argc > 2 ? atoi(argv[2]) : 0) : 1;
}
