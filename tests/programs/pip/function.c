/* A program with start functions of every kind; another file defines one of the same name.
 * @part
 * @also function_other.c */
#define WITHOUT_PIP
#include "check.h"

int a_variable = 3;
static int changed = 1;
static int calls;

__attribute__((constructor)) static void prepare(void) { changed = 2; }

/* Static and in two files. */
__attribute__((noinline, used)) static int in_both_files(void *arg) { return arg != NULL; }

/* Started with a string of another program: the constructors ran, and stdio works. */
int global_function(void *arg) {
  calls++;
  return strcmp(arg, "argument") == 0 && changed == 2 && calls == 1 ? 0 : 1;
}

__attribute__((noinline, used)) static int local_function(void *arg) { return 20 + *(int *)arg; }

__attribute__((visibility("hidden"))) int hidden_function(void *arg) {
  *(int *)arg = getpid();
  puts("hidden function");
  return 30;
}

int exits(void *arg) { exit(40 + (arg != NULL)); }

int environment(void *arg) {
  const char *value = getenv("ONLY_HERE");
  return value != NULL && strcmp(value, arg) == 0 && getenv("PATH") == NULL ? 0 : 1;
}

int main(void) { return in_both_files(NULL) + 90; }
