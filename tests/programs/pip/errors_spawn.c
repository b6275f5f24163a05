/* Every error of a spawn, and that each leaves the pipid variable and the id as they were.
 * @with function.c
 * @with lacking.c
 * @shared marker.c */
#include "check.h"
#include <limits.h>
#include <sys/resource.h>

static char folder[PATH_MAX];

static char *file(const char *name, const char *bytes, size_t length, mode_t mode) {
  char *path;
  if (asprintf(&path, "%s/%s", folder, name) < 0) exit(97);
  int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
  if (fd < 0 || write(fd, bytes, length) != (ssize_t)length) perror(path), exit(97);
  close(fd);
  return path;
}

static int spawn(const char *path) {
  char *argv[] = {(char *)path, "task", NULL};
  int id = PIP_PIPID_ANY, error = pip_spawn((char *)path, argv, NULL, PIP_CPUCORE_ASIS, &id, NULL, NULL, NULL);
  if (error != 0) EQ(id, PIP_PIPID_ANY);
  if (error == 0) result(id);
  return error;
}

static int spawn_at(int id) {
  char *argv[] = {self, "task", NULL};
  int wanted = id, error = pip_spawn(self, argv, NULL, PIP_CPUCORE_ASIS, &id, NULL, NULL, NULL);
  if (error != 0) EQ(id, wanted);
  return error;
}

static int spawn_on(unsigned core) {
  char *argv[] = {self, "task", NULL};
  pip_spawn_program_t program;
  int id = PIP_PIPID_ANY;
  pip_spawn_from_main(&program, self, argv, NULL, NULL);
  int error = pip_task_spawn(&program, core, 0, &id, NULL);
  if (error == 0) result(id);
  return error;
}

static int spawn_function(char *path, char *name) {
  pip_spawn_program_t program;
  int id = PIP_PIPID_ANY, status, error;
  pip_spawn_from_func(&program, path, name, "argument", NULL, NULL);
  error = pip_task_spawn(&program, PIP_CPUCORE_ASIS, 0, &id, NULL);
  if (error == 0) {
    EQ(pip_wait(id, &status), 0);
    EQ(status, EXITED(0));
  }
  return error;
}

static void programs(void) {
  char short_elf[32] = "\177ELF\2\1\1", no_elf[4096] = "MZ", broken[4096] = "\177ELF\2\1\1";
  EQ(spawn("/nowhere/program"), ENOENT);
  EQ(spawn("no-program-of-this-name"), ENOENT);
  EQ(spawn("/"), EACCES);
  EQ(spawn(file("no-x", no_elf, 4096, 0644)), EACCES);
  EQ(spawn("/dev/null"), EACCES);
  EQ(spawn(file("empty", "", 0, 0755)), EUNATCH);
  EQ(spawn(file("short", short_elf, 32, 0755)), EUNATCH);
  EQ(spawn(file("script", "#!/bin/sh\nexit 0\n# and a comment that makes it long enough for a header", 75, 0755)),
     ELIBSCN);
  EQ(spawn(file("short-script", "#!/bin/sh\n", 10, 0755)), ELIBSCN);
  EQ(spawn(file("no-elf", no_elf, 4096, 0755)), ELIBBAD);
  CHECK(spawn(file("broken", broken, 4096, 0755)) != 0);
  EQ(spawn(getenv("MARKER")), ELIBEXEC);
  EQ(spawn(getenv("LACKING")), ELIBEXEC);
  EQ(spawn("function"), ENOENT); /* not yet in PATH */
  char *path = strdup(getenv("FUNCTION"));
  *strrchr(path, '/') = 0;
  setenv("PATH", path, 1);
  EQ(spawn("function"), 0);
  setenv("PATH", folder, 1);
  EQ(spawn("function"), ENOENT);
  EQ(spawn("no-elf"), ELIBBAD);
}

/* Under a limit of address space that leaves no room for a stack. */
static void no_memory(void) {
  struct rlimit limit, old;
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  EQ(fscanf(file, "%ld", &pages), 1);
  fclose(file);
  getrlimit(RLIMIT_AS, &old);
  limit = old;
  limit.rlim_cur = (pages + 64) * 4096;
  EQ(setrlimit(RLIMIT_AS, &limit), 0);
  EQ(spawn_at(1), ENOMEM);
  EQ(setrlimit(RLIMIT_AS, &old), 0);
  EQ(spawn_at(1), 0);
  EQ(result(1), EXITED(0));
}

int main(int argc, char **argv) {
  pip_spawn_program_t program;
  pip_spawn_hook_t hook;
  int id = 0;
  char *none[] = {NULL}, *some[] = {"true", NULL};
  if (argc > 1 && strcmp(argv[1], "sleep") == 0) return pause();
  if (argc > 1) {
    /* In a task: it may spawn, without hooks. */
    pip_spawn_from_main(&program, argv[0], some, NULL, NULL);
    pip_spawn_hook(&hook, (pip_spawnhook_t)abort, NULL, NULL);
    if (pip_task_spawn(&program, PIP_CPUCORE_ASIS, 0, NULL, &hook) != EPERM) return 1;
    return pip_spawn(NULL, some, NULL, 0, NULL, NULL, NULL, NULL) == EINVAL ? 0 : 2;
  }
  begin(argv, 3);
  if (getcwd(folder, sizeof folder) == NULL) return 97;
  EQ(pip_task_spawn(NULL, PIP_CPUCORE_ASIS, 0, &id, NULL), EINVAL);
  memset(&program, 0, sizeof program);
  EQ(pip_task_spawn(&program, PIP_CPUCORE_ASIS, 0, &id, NULL), EINVAL);
  pip_spawn_from_main(&program, "true", none, NULL, NULL);
  EQ(pip_task_spawn(&program, PIP_CPUCORE_ASIS, 0, &id, NULL), EINVAL);
  program.argv = NULL;
  EQ(pip_task_spawn(&program, PIP_CPUCORE_ASIS, 0, &id, NULL), EINVAL);
  EQ(pip_spawn(NULL, some, NULL, PIP_CPUCORE_ASIS, &id, NULL, NULL, NULL), EINVAL);
  EQ(pip_spawn("true", NULL, NULL, PIP_CPUCORE_ASIS, &id, NULL, NULL, NULL), EINVAL);
  EQ(pip_spawn("true", none, NULL, PIP_CPUCORE_ASIS, &id, NULL, NULL, NULL), EINVAL);
  EQ(id, 0);

  EQ(spawn_at(PIP_PIPID_MYSELF), EINVAL);
  EQ(spawn_at(PIP_PIPID_NULL), EINVAL);
  EQ(spawn_at(PIP_PIPID_ROOT), EINVAL);
  EQ(spawn_at(-1), EINVAL);
  EQ(spawn_at(3), EINVAL);
  EQ(spawn_at(2), 0);
  EQ(result(2), EXITED(0));

  EQ(spawn_on(PIP_CPUCORE_ASIS), 0);
  EQ(spawn_on(PIP_CPUCORE_CORENO_MAX), EINVAL);
  EQ(spawn_on((unsigned)-1), EINVAL);
  EQ(spawn_on(0x4u << PIP_CPUCORE_FLAG_SHIFT), EINVAL);
  EQ(spawn_on(PIP_CPUCORE_ASIS | PIP_CPUCORE_ABS), EINVAL);
  EQ(spawn_on(0), 0);

  EQ(spawn_function(getenv("FUNCTION"), "nowhere_defined"), ENOEXEC);
  EQ(spawn_function(getenv("FUNCTION"), "in_both_files"), ENOEXEC);
  EQ(spawn_function(getenv("FUNCTION"), "a_variable"), ENOEXEC);
  EQ(spawn_function(getenv("FUNCTION"), "global_function"), 0);
  EQ(spawn_function(NULL, "global_function"), EINVAL);

  int first = start("sleep", NULL), second = start("sleep", NULL), third = start("sleep", NULL);
  EQ(first + second + third, 0 + 1 + 2);
  EQ(spawn_at(PIP_PIPID_ANY), EAGAIN);
  EQ(spawn_at(1), EAGAIN);
  EQ(pip_kill(second, SIGTERM), 0);
  EQ(result(second), KILLED(SIGTERM));
  EQ(spawn_at(first), EAGAIN);
  EQ(spawn_at(second), 0);
  EQ(result(second), EXITED(0));
  EQ(pip_kill(first, SIGTERM), 0);
  EQ(pip_kill(third, SIGTERM), 0);
  EQ(result(first), KILLED(SIGTERM));
  EQ(result(third), KILLED(SIGTERM));
  programs();
  no_memory();
  EQ(pip_fin(), 0);
  return done();
}
