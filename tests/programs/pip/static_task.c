/* A static position-independent program, without any ld.so.
 * @part
 * @flags -static-pie -fPIE */
#define WITHOUT_PIP
#include "check.h"

static int value = 3;
static __thread int local = 4;

int main(int argc, char **argv) {
  char *block = malloc(1 << 20);
  memset(block, 1, 1 << 20);
  printf("%s %s\n", argv[0], argv[argc - 1]);
  value += local++;
  return value + block[7] + (getenv("NAME") != NULL ? 10 : 0);
}
