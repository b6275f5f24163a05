/* A program with a fixed address.
 * @part
 * @flags -no-pie -fno-pie -Wl,-Ttext-segment=0x10000000 */
#define WITHOUT_PIP
#include "check.h"

static int value = 3;

int main(int argc, char **argv) {
  if (argc > 1) sleep(atoi(argv[1]));
  return &value < (int *)0x20000000 ? value + 4 : 1;
}
