/* What export, import, named import, aux and pip_get_addr refuse, in the root and in a task. */
#include "check.h"

static char data[8];
int a_symbol = 11;

static void ids(int (*call)(int)) {
  EQ(call(PIP_PIPID_ANY), EINVAL);
  EQ(call(PIP_PIPID_NULL), EINVAL);
  EQ(call(-1), ERANGE);
  EQ(call(-1000), ERANGE);
  EQ(call(4), ERANGE);
  EQ(call(100000), ERANGE);
}

static int import(int id) {
  void *pointer = data;
  int error = pip_import(id, &pointer);
  if (error != 0) CHECK(pointer == data);
  return error;
}
static int named(int id) { return pip_named_import(id, &(void *){NULL}, "n"); }
static int try(int id) { return pip_named_tryimport(id, &(void *){NULL}, "n"); }
static int address(int id) { return pip_get_addr(id, "a_symbol", &(void *){NULL}); }
static int system_id(int id) { return pip_get_system_id(id, &(pip_id_t){0}); }
static int kill_none(int id) { return pip_kill(id, 0); }

static void both(void) {
  void *pointer = data;
  ids(import);
  ids(named);
  ids(try);
  ids(address);
  ids(system_id);
  ids(kill_none);
  EQ(import(3), ESRCH); /* never spawned */
  EQ(address(3), ESRCH);
  EQ(system_id(3), ESRCH);
  EQ(kill_none(3), ESRCH);
  EQ(pip_kill(PIP_PIPID_SELF, 0), 0);
  EQ(pip_kill(PIP_PIPID_SELF, -1), EINVAL);
  EQ(pip_kill(PIP_PIPID_SELF, 1000), EINVAL);
  EQ(pip_kill(PIP_PIPID_ROOT, 0), 0);

  EQ(pip_export(NULL), EINVAL);
  EQ(pip_import(PIP_PIPID_SELF, &pointer), 0);
  CHECK(pointer == NULL);
  EQ(pip_export(data), 0);
  EQ(pip_export(data), EBUSY);
  EQ(pip_export(data + 1), EBUSY);
  EQ(pip_import(PIP_PIPID_SELF, &pointer), 0);
  CHECK(pointer == data);

  EQ(named(PIP_PIPID_SELF), EDEADLK);
  EQ(try(PIP_PIPID_SELF), EDEADLK);
  EQ(pip_named_export(NULL, "n"), 0); /* null may be exported by name */
  EQ(pip_named_export(data, "n"), EBUSY);
  pointer = data;
  EQ(pip_named_import(PIP_PIPID_SELF, &pointer, "n"), 0);
  CHECK(pointer == NULL);
  EQ(pip_named_export(data, NULL), 0);
  EQ(pip_named_export(data, "%s", ""), EBUSY);
  EQ(pip_named_tryimport(PIP_PIPID_SELF, &pointer, NULL), 0);
  CHECK(pointer == data);

  EQ(pip_get_aux(NULL), 0);
  EQ(pip_set_aux(data), 0);
  EQ(pip_get_aux(&pointer), 0);
  CHECK(pointer == data);
  EQ(pip_set_aux(NULL), 0);
  EQ(pip_get_aux(&pointer), 0);
  CHECK(pointer == NULL);

  EQ(pip_get_addr(PIP_PIPID_SELF, "a_symbol", &pointer), 0);
  CHECK(pointer == &a_symbol);
  EQ(pip_get_addr(PIP_PIPID_SELF, "nowhere_defined", &pointer), ENOENT);
  EQ(pip_get_addr(PIP_PIPID_SELF, NULL, &pointer), EINVAL);
  EQ(pip_get_addr(PIP_PIPID_SELF, "a_symbol", NULL), EINVAL);
  EQ(pip_get_pipid(NULL), 0);
  EQ(pip_get_mode(NULL), 0);
  EQ(pip_is_threaded(NULL), 0);
  EQ(pip_is_shared_fd(NULL), 0);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    int id = -1;
    EQ(pip_get_pipid(&id), 0);
    EQ(id, 0);
    EQ(pip_isa_task(), 1);
    EQ(pip_isa_root(), 0);
    both();
    /* Only the root waits. */
    EQ(pip_wait(1, NULL), EPERM);
    EQ(pip_trywait(1, NULL), EPERM);
    EQ(pip_wait_any(NULL, NULL), EPERM);
    EQ(pip_trywait_any(NULL, NULL), EPERM);
    EQ(pip_kill_all_child_tasks(), EPERM);
    EQ(pip_kill_all_tasks(), EPERM);
    return finish();
  }
  begin(argv, 4);
  both();
  EQ(result(start("task", NULL)), EXITED(0));
  EQ(import(0), ESRCH); /* ended */
  EQ(named(0), ECANCELED);
  EQ(try(0), ECANCELED);
  EQ(pip_named_tryimport(0, &(void *){NULL}, "other"), ECANCELED);
  EQ(system_id(0), ESRCH);
  EQ(kill_none(0), ESRCH);
  EQ(pip_fin(), 0);
  return done();
}
