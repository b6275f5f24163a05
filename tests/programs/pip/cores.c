/* Where a task runs: as the spawning thread may, on a core by its kernel's number, on the n-th of those allowed. */
#include "check.h"

static int first_of(const cpu_set_t *set, int n) {
  for (int core = 0; core < CPU_SETSIZE; core++)
    if (CPU_ISSET(core, set) && n-- == 0) return core;
  return -1;
}

static cpu_set_t seen;

static void run(unsigned core) {
  pip_spawn_program_t program;
  char *argv[] = {self, "task", NULL};
  int id = PIP_PIPID_ANY;
  CPU_ZERO(&seen);
  pip_spawn_from_main(&program, self, argv, NULL, &seen);
  EQ(pip_task_spawn(&program, core, 0, &id, NULL), 0);
  EQ(result(id), EXITED(0));
}

int main(int argc, char **argv) {
  cpu_set_t all, one;
  void *place;
  if (argc > 1) return pip_get_aux(&place) || sched_getaffinity(0, sizeof(cpu_set_t), place);
  begin(argv, 2);
  EQ(sched_getaffinity(0, sizeof all, &all), 0);
  int count = CPU_COUNT(&all), last = first_of(&all, count - 1);
  run(PIP_CPUCORE_ASIS);
  CHECK(CPU_EQUAL(&seen, &all));
  for (int n = 0; n < 2 * count; n++) {
    run(n);
    EQ(CPU_COUNT(&seen), 1);
    EQ(first_of(&seen, 0), first_of(&all, n % count));
  }
  run(PIP_CPUCORE_ABS | last);
  EQ(CPU_COUNT(&seen), 1);
  EQ(first_of(&seen, 0), last);
  CPU_ZERO(&one);
  CPU_SET(last, &one);
  EQ(sched_setaffinity(0, sizeof one, &one), 0);
  run(PIP_CPUCORE_ASIS); /* the mask of now */
  CHECK(CPU_EQUAL(&seen, &one));
  EQ(sched_setaffinity(0, sizeof all, &all), 0);
  run(PIP_CPUCORE_ABS | 1000); /* no such core: a warning */
  EQ(sched_getaffinity(0, sizeof one, &one), 0);
  CHECK(CPU_EQUAL(&one, &all));
  return done();
}
