/* Tasks that end while their threads are in the middle of everything, or block every signal, leave no trace: others and
 * the root go on, again and again. */
#include "check.h"

static volatile int *word;

static void *busy(void *kind) {
  sigset_t all;
  sigfillset(&all);
  if (kind != NULL) pthread_sigmask(SIG_BLOCK, &all, NULL);
  add(word, 1);
  for (unsigned i = 1;; i++) {
    char *block = malloc(i % 5000 + 1), text[100];
    memset(block, 1, i % 5000 + 1);
    snprintf(text, sizeof text, "%d %f", i, i / 3.0);
    if (i % 1000 == 0) free(memset(malloc(1 << 20), 1, 1 << 20));
    free(block);
  }
  return NULL;
}

static void *sleepy(void *kind) {
  sigset_t all;
  sigfillset(&all);
  if (kind != NULL) pthread_sigmask(SIG_BLOCK, &all, NULL);
  add(word, 1);
  for (;;) pause();
}

static void *last(void *code) {
  nap(30);
  exit(*(int *)code);
}

static void *brief(void *arg) { return malloc(10) == arg ? arg : NULL; }

static int task(const char *how) {
  pthread_t thread;
  int code = 14;
  sigset_t all;
  void *pointer;
  if (pip_get_aux(&pointer) != 0) return 1;
  word = pointer;
  if (strcmp(how, "deaf") == 0) { /* to be killed */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    add(word, 1);
    for (;;) nap(1);
  }
  if (strcmp(how, "main-first") == 0) { /* the process ends with its last thread */
    pthread_create(&thread, NULL, last, &code);
    pthread_exit(NULL);
  }
  if (strcmp(how, "brief") == 0) { /* threads that are just ending */
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < 50; i++) pthread_create(&thread, &detached, brief, NULL);
    return 13;
  }
  void *(*const kind)(void *) = strncmp(how, "busy", 4) == 0 ? busy : sleepy;
  for (int i = 0; i < 4; i++) pthread_create(&thread, NULL, kind, strstr(how, "deaf") ? pointer : NULL);
  await(word, 4);
  if (strstr(how, "crash")) *(volatile int *)8 = 1;
  if (strstr(how, "_exit")) _exit(15);
  return 13;
}

int main(int argc, char **argv) {
  static volatile int shared;
  if (argc > 1) return task(argv[1]);
  begin(argv, 2);
  aux = (void *)&shared;
  for (int round = 0; round < 20; round++) {
    set(&shared, 0);
    EQ(result(start("busy", NULL)), EXITED(13));
    set(&shared, 0);
    EQ(result(start("sleepy", NULL)), EXITED(13));
    set(&shared, 0);
    EQ(result(start("busy-_exit", NULL)), EXITED(15));
    set(&shared, 0);
    EQ(result(start("busy-crash", NULL)), KILLED(SIGSEGV));
    int status = result(start("main-first", NULL));
    if (!threads() || status != EXITED(0)) EQ(status, EXITED(14)); /* in thread mode the first thread may decide */
    set(&shared, 0);
    EQ(result(start("brief", NULL)), EXITED(13));
  }
  for (int round = 0; round < 5; round++) {
    set(&shared, 0);
    EQ(result(start("sleepy-deaf", NULL)), EXITED(13));
    set(&shared, 0);
    EQ(result(start("busy-deaf", NULL)), EXITED(13));
    set(&shared, 0);
    int id = start("deaf", NULL);
    await(&shared, 1);
    EQ(pip_kill_all_child_tasks(), 0);
    CHECK(WIFSIGNALED(result(id)));
  }
  return done();
}
