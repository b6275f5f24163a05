/* A root that spawns and waits for tasks again and again stays as it is, alone or beside a task that lives throughout:
 * prints by how much its resident memory and its mappings grew over 2,000 tasks that touch 16 MiB each. Argument:
 * "alone" or "beside".
 * @part */
#include "check.h"

#define CYCLES 2000

static long resident(void) {
  long kilobytes = -1;
  char line[256];
  FILE *status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, status)) sscanf(line, "VmRSS: %ld", &kilobytes);
  fclose(status);
  return kilobytes;
}

static long mappings(void) {
  long lines = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  for (int c; (c = getc(maps)) != EOF;) lines += c == '\n';
  fclose(maps);
  return lines;
}

static void cycle(void) { EQ(result(start("work", NULL)), EXITED(0)); }

int main(int argc, char **argv) {
  static volatile int stop;
  void *pointer;
  if (argc > 1 && strcmp(argv[1], "work") == 0) {
    char *block = malloc(16 << 20);
    memset(block, 1, 16 << 20);
    char *small[50];
    for (int i = 0; i < 50; i++) memset(small[i] = malloc(3000 * i + 1), 1, 3000 * i + 1);
    return block[12345] - small[49][0];
  }
  if (argc > 1 && strcmp(argv[1], "live") == 0) {
    /* Its own memory comes and goes, too, between that of the others. */
    for (pip_get_aux(&pointer); !get(pointer); nap(2)) {
      char *block = malloc(1 << 20);
      memset(block, 7, 1 << 20);
      nap(1);
      if (block[1000] != 7) return 1;
      free(block);
    }
    return 0;
  }
  begin(argv, 4);
  aux = (void *)&stop;
  int other = -1;
  if (strcmp(argv[1], "beside") == 0) other = start("live", NULL);
  for (int i = 0; i < 20; i++) cycle(); /* what is kept for reuse is there now */
  long memory = resident(), maps = mappings();
  for (int i = 0; i < CYCLES && failures == 0; i++) cycle();
  printf("%ld KiB %ld mappings\n", resident() - memory, mappings() - maps);
  set(&stop, 1);
  if (other >= 0) EQ(result(other), EXITED(0));
  fflush(NULL);
  return finish();
}
