/* Task 1 crashes at an address it names; task 0 and the root go on. Argument: where.
 * @part */
#include "check.h"
#include <sys/mman.h>

struct shared {
  void *heap, *stack, *variable;
  volatile int turn;
};

static struct shared shared;
static const char constant[4096] = "constant";
int a_variable_of_the_program;

__attribute__((noinline)) static void crash_here(volatile char *address) { *address = 1; }

int main(int argc, char **argv) {
  void *pointer;
  if (argc > 2) {
    if (pip_get_aux(&pointer) != 0) return 1;
    struct shared *all = pointer;
    if (strcmp(argv[1], "victim") == 0) {
      char frame[3 * 4096];
      char *page = malloc(3 * 4096);
      page = (char *)(((uintptr_t)page + 4095) & ~4095ul);
      all->heap = page + 16;
      mprotect(page, 4096, PROT_READ);
      all->stack = (char *)(((uintptr_t)frame + 4095) & ~4095ul) + 16;
      mprotect((char *)all->stack - 16, 4096, PROT_READ);
      all->variable = (void *)(constant + 8);
      set(&all->turn, 1);
      await(&all->turn, 2);
      mprotect((char *)all->stack - 16, 4096, PROT_READ | PROT_WRITE);
      return 0;
    }
    void *address = (void *)0x10;
    if (strcmp(argv[2], "heap") == 0) address = all->heap;
    if (strcmp(argv[2], "stack") == 0) address = all->stack;
    if (strcmp(argv[2], "program") == 0) address = all->variable;
    printf("address %p in thread %d\n", address, (int)gettid());
    fflush(stdout);
    if (strcmp(argv[2], "fpe") == 0) raise(SIGFPE);
    crash_here(address);
    return 2;
  }
  begin(argv, 2);
  aux = &shared;
  int victim = start("victim", "x");
  await(&shared.turn, 1);
  EQ(result(start("crash", argv[1])), KILLED(strcmp(argv[1], "fpe") == 0 ? SIGFPE : SIGSEGV));
  set(&shared.turn, 2);
  EQ(result(victim), EXITED(0));
  fflush(NULL);
  return finish();
}
