/* pip_malloc() and its family: a block may be freed and resized by another task than its maker. Locks and libraries. */
#include "check.h"
#include <dlfcn.h>

struct shared {
  void *blocks[64];
  volatile int turn, inside;
  long guarded;
};

static void fill(struct shared *all) {
  for (int i = 0; i < 64; i++) {
    all->blocks[i] = pip_malloc(i * 1000 + 1);
    memset(all->blocks[i], i, i * 1000 + 1);
  }
}

static void check_and_free(struct shared *all) {
  for (int i = 0; i < 64; i++) {
    unsigned char *block = all->blocks[i];
    CHECK(pip_malloc_usable_size(block) >= (size_t)i * 1000 + 1);
    CHECK(block[0] == i && block[i * 1000] == i);
    if (i % 2) {
      block = pip_realloc(block, i * 3000 + 1);
      CHECK(block != NULL && block[0] == i && block[i * 1000] == i);
    }
    pip_free(block);
  }
}

static void guard(struct shared *all) {
  for (int i = 0; i < 500; i++) {
    pip_universal_lock();
    pip_universal_lock(); /* may be nested */
    EQ(add(&all->inside, 1), 1);
    all->guarded++;
    if (i % 50 == 0) sched_yield();
    add(&all->inside, -1);
    pip_universal_unlock();
    pip_universal_unlock();
  }
}

int main(int argc, char **argv) {
  static struct shared shared;
  void *pointer = NULL;
  if (argc > 1) {
    EQ(pip_get_aux(&pointer), 0);
    struct shared *all = pointer;
    check_and_free(all); /* the root's */
    fill(all);
    set(&all->turn, 1);
    guard(all);
    await(&all->turn, 2);
    pip_libc_lock();
    pip_libc_unlock();
    void *handle = pip_dlopen("libm.so.6", RTLD_NOW);
    CHECK(handle != NULL);
    double (*cosine)(double) = (double (*)(double))pip_dlsym(handle, "cos");
    CHECK(cosine != NULL && cosine(0.0) == 1.0);
    EQ(pip_dlclose(handle), 0);
    CHECK(pip_dlopen("/nowhere/lib.so", RTLD_NOW) == NULL);
    char *error = pip_dlerror();
    CHECK(error != NULL && strstr(error, "/nowhere/lib.so") != NULL);
    return finish();
  }
  begin(argv, 2);
  aux = &shared;
  fill(&shared);
  int id = start("task", NULL);
  await(&shared.turn, 1);
  check_and_free(&shared); /* the task's, which lives */
  guard(&shared);
  set(&shared.turn, 2);
  EQ(result(id), EXITED(0));
  EQ(shared.guarded, 1000);

  int *zeros = pip_calloc(1000, sizeof(int));
  int sum = 0;
  for (int i = 0; i < 1000; i++) sum |= zeros[i];
  EQ(sum, 0);
  pip_free(zeros);
  pip_free(NULL);
  CHECK(pip_calloc(1ul << 40, 1ul << 40) == NULL);
  CHECK(pip_malloc(1ul << 62) == NULL);
  EQ(pip_malloc_usable_size(NULL), 0);
  for (size_t alignment = 8; alignment <= 65536; alignment *= 2) {
    EQ(pip_posix_memalign(&pointer, alignment, 100), 0);
    EQ((uintptr_t)pointer % alignment, 0);
    memset(pointer, 1, 100);
    pip_free(pointer);
  }
  EQ(pip_posix_memalign(&pointer, 24, 100), EINVAL);
  EQ(pip_posix_memalign(&pointer, 2, 100), EINVAL);
  EQ(pip_posix_memalign(&pointer, 64, 1ul << 62), ENOMEM);
  return done();
}
