/* Barriers among tasks and the root: rounds in step, errors, a barrier of one, one in a task's memory, one declared. */
#include "check.h"

#define TASKS 5
#define ROUNDS 300

struct shared {
  pip_barrier_t barrier, own;
  volatile int count[ROUNDS], turn;
};

static int task(struct shared *shared) {
  for (int round = 0; round < ROUNDS; round++) {
    add(&shared->count[round], 1);
    EQ(pip_barrier_wait(&shared->barrier), 0);
    EQ(get(&shared->count[round]), TASKS + 1); /* nobody left before all had come */
    if (failures != 0) break;
  }
  add(&shared->turn, 1);
  return finish();
}

int main(int argc, char **argv) {
  static struct shared shared;
  static pip_barrier_t declared = PIP_BARRIER_INIT(1);
  if (argc > 1) {
    void *pointer = NULL;
    EQ(pip_get_aux(&pointer), 0);
    struct shared *theirs = pointer;
    if (strcmp(argv[1], "wait") == 0) {
      add(&theirs->turn, 1);
      return pip_barrier_wait(&theirs->own);
    }
    return task(theirs);
  }
  begin(argv, TASKS);
  EQ(pip_barrier_init(&shared.barrier, 0), EINVAL);
  EQ(pip_barrier_init(&shared.barrier, -1), EINVAL);
  EQ(pip_barrier_init(&shared.barrier, 1), 0);
  for (int i = 0; i < 10; i++) EQ(pip_barrier_wait(&shared.barrier), 0);
  EQ(pip_barrier_fin(&shared.barrier), 0);
  for (int i = 0; i < 10; i++) EQ(pip_barrier_wait(&declared), 0);

  EQ(pip_barrier_init(&shared.barrier, TASKS + 1), 0);
  aux = &shared;
  for (int i = 0; i < TASKS; i++) start("task", NULL);
  task(&shared);
  for (int i = 0; i < TASKS; i++) EQ(result(i), EXITED(0));
  EQ(pip_barrier_fin(&shared.barrier), 0);

  EQ(pip_barrier_init(&shared.own, 2), 0);
  set(&shared.turn, 0);
  int id = start("wait", NULL);
  await(&shared.turn, 1);
  for (int i = 0; i < 10000 && shared.own.count != 1; i++) nap(1); /* it waits */
  EQ(pip_barrier_fin(&shared.own), EBUSY);
  EQ(pip_trywait(id, NULL), ECHILD);
  EQ(pip_barrier_wait(&shared.own), 0);
  EQ(result(id), EXITED(0));
  EQ(pip_barrier_fin(&shared.own), 0);
  return done();
}
