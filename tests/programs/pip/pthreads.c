/* Threads within tasks: they are of their task, with its variables, mutexes, thread-locals and malloc; threads of
 * different tasks meet in shared memory. */
#include "check.h"

#define THREADS 4

static int counter;
static __thread int local = 1;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile int *shared;
static int myself = -1;
static pthread_key_t key;
static int destroyed;

static void destroy(void *value) { __atomic_add_fetch(&destroyed, *(int *)value, __ATOMIC_SEQ_CST); }

static void *thread(void *number) {
  static int one = 1;
  int id = -1;
  EQ(pip_get_pipid(&id), 0);
  EQ(id, myself);
  EQ(pip_isa_task(), 1);
  EQ(local, 1);
  local += *(int *)number;
  pthread_setspecific(key, &one);
  for (int i = 1; i < 2001; i++) {
    char *block = malloc(i % 700 + 1);
    memset(block, *(int *)number, i % 700 + 1);
    pthread_mutex_lock(&mutex);
    counter++;
    pthread_mutex_unlock(&mutex);
    if (block[i % 700] != *(int *)number) __atomic_add_fetch(&failures, 1, __ATOMIC_SEQ_CST);
    free(block);
    add(shared, 1);
  }
  EQ(local, 1 + *(int *)number);
  return number;
}

int main(int argc, char **argv) {
  static volatile int word;
  pthread_t threads[THREADS];
  int numbers[THREADS];
  void *pointer;
  if (argc > 1) {
    EQ(pip_get_aux(&pointer), 0);
    EQ(pip_get_pipid(&myself), 0);
    shared = pointer;
    pthread_key_create(&key, destroy);
    for (int i = 0; i < THREADS; i++) {
      numbers[i] = i + 1;
      EQ(pthread_create(&threads[i], NULL, thread, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
      EQ(pthread_join(threads[i], &pointer), 0);
      CHECK(pointer == &numbers[i]);
    }
    EQ(counter, THREADS * 2000);
    EQ(destroyed, THREADS);
    if (strcmp(argv[1], "leave") == 0) { /* one thread is left behind */
      pthread_create(&threads[0], NULL, (void *(*)(void *))(void *)pause, NULL);
      return finish();
    }
    return finish();
  }
  begin(argv, 5);
  aux = (void *)&word;
  for (int i = 0; i < 5; i++) start(i == 3 ? "leave" : "task", NULL);
  for (int i = 0; i < 5; i++) EQ(result(i), EXITED(0));
  EQ(word, 5 * THREADS * 2000);
  return done();
}
