/* Pointers of one task are good in all: exports, aux, heap blocks, stacks, symbols; variables are private. */
#include "check.h"

struct shared {
  volatile int turn;
  char *text[4];
  int *statics[4];
  int *errnos[4];
};

int exported = 5;
static int counter = 100;
static __thread int local = 3;
static struct shared shared;

static int task(int id) {
  void *pointer = NULL;
  EQ(pip_get_aux(&pointer), 0);
  CHECK(pointer != NULL && pointer != &shared); /* the root's, not this task's variable of the same name */
  struct shared *all = pointer;
  EQ(pip_import(PIP_PIPID_ROOT, &pointer), 0);
  CHECK(pointer == all);
  int mine = 0, myself = -1;
  EQ(pip_get_pipid(&myself), 0);
  EQ(myself, id);
  EQ(counter, 100);
  EQ(local, 3);
  counter += id;
  local += id;
  exported += id;
  all->statics[id] = &counter;
  all->errnos[id] = &errno;
  all->text[id] = malloc(100);
  snprintf(all->text[id], 100, "heap of task %d", id);
  char *name = getenv("NAME");
  SAME(name, "root");
  setenv("NAME", all->text[id], 1);
  EQ(pip_export(&mine), 0); /* on the stack */
  errno = 1000 + id;
  add(&all->turn, 1);
  await(&all->turn, 4);
  EQ(errno, 1000 + id);
  for (int other = 0; other < 4; other++) {
    char expected[100];
    int *theirs = NULL;
    EQ(pip_import(other, &pointer), 0);
    theirs = pointer;
    __atomic_add_fetch(theirs, 1, __ATOMIC_SEQ_CST);
    EQ(*all->statics[other], 100 + other);
    EQ(all->statics[other] == &counter, other == id);
    EQ(all->errnos[other] == &errno, other == id);
    snprintf(expected, sizeof expected, "heap of task %d", other);
    SAME(all->text[other], expected);
    EQ(pip_get_addr(other, "exported", &pointer), 0);
    EQ(*(int *)pointer, 5 + other);
    EQ(pointer == &exported, other == id);
  }
  add(&all->turn, 1);
  await(&all->turn, 8);
  EQ(mine, 4); /* each added one */
  EQ(counter, 100 + id);
  EQ(local, 3 + id);
  SAME(getenv("NAME"), all->text[id]);
  add(&all->turn, 1);
  await(&all->turn, 12);
  return finish();
}

int main(int argc, char **argv) {
  void *pointer = NULL;
  if (argc > 1) return task(atoi(argv[1]));
  begin(argv, 4);
  EQ(pip_export(&shared), 0);
  aux = &shared;
  setenv("NAME", "root", 1);
  for (int i = 0; i < 4; i++) {
    char id[4];
    snprintf(id, sizeof id, "%d", i);
    EQ(start(id, NULL), i);
  }
  errno = 77;
  await(&shared.turn, 4);
  EQ(errno, 77);
  EQ(*shared.statics[2], 102);
  EQ(counter, 100);
  EQ(exported, 5);
  SAME(getenv("NAME"), "root");
  EQ(pip_get_addr(1, "exported", &pointer), 0);
  EQ(*(int *)pointer, 6);
  EQ(pip_get_aux(&pointer), 0);
  CHECK(pointer == NULL); /* the root's own */
  for (int i = 0; i < 4; i++) EQ(result(i), EXITED(0));
  return done();
}
