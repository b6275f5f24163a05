/* The inline operations of pip_machdep.h, by several tasks at once. */
#include "check.h"

#define TASKS 4
#define TIMES 20000

struct shared {
  pip_spinlock_t lock, named;
  pip_atomic_t sum, down;
  long plain, also_plain;
};

static int task(struct shared *shared, int id) {
  for (int i = 0; i < TIMES; i++) {
    pip_spin_lock(&shared->lock);
    shared->plain++;
    EQ(pip_spin_unlock(&shared->lock), 0);
    pip_spin_lock_wv(&shared->named, id + 1);
    if (shared->named != (uint32_t)id + 1) failures++;
    shared->also_plain++;
    pip_spin_unlock(&shared->named);
    pip_atomic_fetch_and_add(&shared->sum, 2);
    pip_atomic_sub_and_fetch(&shared->down, 1);
  }
  return finish();
}

int main(int argc, char **argv) {
  static struct shared shared;
  void *pointer;
  if (argc > 1) return pip_get_aux(&pointer) || task(pointer, atoi(argv[1]));
  begin(argv, TASKS);
  pip_spin_init(&shared.lock);
  EQ(pip_spin_trylock(&shared.lock), 1);
  EQ(pip_spin_trylock(&shared.lock), 0);
  EQ(pip_spin_trylock_wv(&shared.lock, 9), 1); /* what it holds */
  pip_spin_unlock(&shared.lock);
  EQ(pip_spin_trylock_wv(&shared.lock, 9), 0);
  EQ(pip_spin_trylock_wv(&shared.lock, 8), 9);
  pip_spin_unlock(&shared.lock);
  EQ(pip_comp_and_swap(&shared.lock, 1, 2), 0);
  EQ(pip_comp_and_swap(&shared.lock, 0, 2), 1);
  EQ(shared.lock, 2);
  pip_spin_init(&shared.lock);
  EQ(pip_comp2_and_swap(&shared.sum, 5, 6), 0);
  EQ(pip_comp2_and_swap(&shared.sum, 0, 6), 1);
  EQ(pip_atomic_fetch_and_add(&shared.sum, 4), 6);
  EQ(pip_atomic_sub_and_fetch(&shared.sum, 10), 0);
  pip_pause();
  pip_write_barrier();
  pip_memory_barrier();
  shared.down = TASKS * TIMES;
  aux = &shared;
  for (int i = 0; i < TASKS; i++) {
    char id[2] = {(char)('0' + i), 0};
    start(id, NULL);
  }
  for (int i = 0; i < TASKS; i++) EQ(result(i), EXITED(0));
  EQ(shared.plain, TASKS * TIMES);
  EQ(shared.also_plain, TASKS * TIMES);
  EQ(shared.sum, 2 * TASKS * TIMES);
  EQ(shared.down, 0);
  return done();
}
