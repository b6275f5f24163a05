/* pip_import() of a living task that has exported nothing gives null at once, and the pointer once there is one. */
#include "check.h"

static volatile int turn;

int main(int argc, char **argv) {
  void *pointer = (void *)&turn;
  if (argc > 1) {
    EQ(pip_get_aux(&pointer), 0);
    volatile int *word = pointer;
    EQ(pip_import(PIP_PIPID_ROOT, &pointer), 0);
    CHECK(pointer == NULL);
    await(word, 1);
    EQ(pip_export((void *)word), 0);
    set(word, 2);
    await(word, 3);
    return finish();
  }
  begin(argv, 1);
  aux = (void *)&turn;
  int id = start("task", NULL);
  EQ(pip_import(id, &pointer), 0);
  CHECK(pointer == NULL);
  set(&turn, 1);
  await(&turn, 2);
  EQ(pip_import(id, &pointer), 0);
  CHECK(pointer == &turn);
  set(&turn, 3);
  EQ(result(id), EXITED(0));
  pointer = argv;
  EQ(pip_import(id, &pointer), ESRCH);
  CHECK(pointer == argv);
  set(&turn, 0);
  id = start("task", NULL); /* a new task of the same pipid has exported nothing */
  EQ(id, 0);
  EQ(pip_import(id, &pointer), 0);
  CHECK(pointer == NULL);
  set(&turn, 1);
  await(&turn, 2);
  set(&turn, 3);
  EQ(result(id), EXITED(0));
  return done();
}
