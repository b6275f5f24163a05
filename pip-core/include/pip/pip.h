/*
 * pip/pip.h - the C interface of Process-in-Process (PiP): programs run as tasks of one address space, each with its
 * own variables, libc and heap, and every pointer is valid in all of them. Link with -lpip. C99, C11 and C++.
 *
 * The root is the process that calls pip_init(); what it spawns are its tasks. A task is initialised before its main()
 * runs, whether or not it was linked with this library. There are two modes (environment variable PIP_MODE, or the
 * last argument of pip_init()): in process mode a task is a process of its own, with its own PID, descriptors and
 * signal handlers; in thread mode all of these are the root's, and only the end of a task is still its own.
 *
 * Unless something else is said, a function returns 0 or one of the errno values listed (never -1; errno is not set),
 * and in addition EPERM
 *   - where there is no root: before pip_init(), after the root's pip_fin(), in a process that a root or task forked;
 *   - where the table that root and tasks share was overwritten, which is also said on standard error.
 *
 * A pipid is the number of a task, PIP_PIPID_ROOT, or PIP_PIPID_MYSELF. As an argument any other value gives
 *   EINVAL  PIP_PIPID_ANY or PIP_PIPID_NULL where no such value makes sense,
 *   ERANGE  another negative number, or one not below the number of tasks given to pip_init().
 */
#ifndef PIP_PIP_H
#define PIP_PIP_H

#include <pip/pip_machdep.h>

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h> /* sigset_t, also where signal.h hides it */
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PIP_PRINTF(FORMAT, FIRST) __attribute__((format(printf, FORMAT, FIRST)))
#define PIP_NORETURN __attribute__((noreturn))
#else
#define PIP_PRINTF(FORMAT, FIRST)
#define PIP_NORETURN
#endif

/* ---- Constants ------------------------------------------------------------------------------------------------ */

/* The last argument of pip_init(): PIP_OPTS_NONE lets PIP_MODE choose, or process mode if it is not set. */
#define PIP_OPTS_NONE 0x0
#define PIP_MODE_PTHREAD 0x1000
#define PIP_MODE_PROCESS_PRELOAD 0x0100
#define PIP_MODE_PROCESS_PIPCLONE 0x0400
#define PIP_MODE_PROCESS (PIP_MODE_PROCESS_PRELOAD | PIP_MODE_PROCESS_PIPCLONE)
#define PIP_MODE_PROCESS_GOT_OBS 0x8000 /* no longer supported */
#define PIP_MODE_MASK 0xFF00
#define PIP_VALID_OPTS (PIP_MODE_PTHREAD | PIP_MODE_PROCESS | PIP_MODE_PROCESS_GOT_OBS)

/* The environment variable that chooses the mode, and its values; upper and lower case are the same. */
#define PIP_ENV_MODE "PIP_MODE"
#define PIP_ENV_MODE_THREAD "thread"
#define PIP_ENV_MODE_PTHREAD "pthread"
#define PIP_ENV_MODE_PROCESS "process"
#define PIP_ENV_MODE_PROCESS_PRELOAD "process:preload"   /* means process */
#define PIP_ENV_MODE_PROCESS_PIPCLONE "process:pipclone" /* means process */
#define PIP_ENV_STACKSZ "PIP_STACKSZ"
#define PIP_ENV_STACKSIZE "PIP_STACKSIZE"
#define PIP_ENV_STOP_ON_START "PIP_STOP_ON_START"
#define PIP_ENV_GDB_PATH "PIP_GDB_PATH"
#define PIP_ENV_GDB_COMMAND "PIP_GDB_COMMAND"
#define PIP_ENV_GDB_SIGNALS "PIP_GDB_SIGNALS"
#define PIP_ENV_SHOW_MAPS "PIP_SHOW_MAPS"
#define PIP_ENV_SHOW_PIPS "PIP_SHOW_PIPS"
#define PIP_ENV_QUIET "PIP_QUIET"

#define PIP_MAGIC_NUM (-747)
#define PIP_PIPID_ROOT (PIP_MAGIC_NUM - 1)
#define PIP_PIPID_MYSELF (PIP_MAGIC_NUM - 2)
#define PIP_PIPID_SELF PIP_PIPID_MYSELF
#define PIP_PIPID_ANY (PIP_MAGIC_NUM - 3)
#define PIP_PIPID_NULL (PIP_MAGIC_NUM - 4)

/* What pip_init() provides for when it is given no number. Up to 4096 can be asked for. */
#define PIP_NTASKS_MAX 300

/* Where a task may run: a core number n is the n-th core of those the root may use (modulo their number). */
#define PIP_CPUCORE_FLAG_SHIFT 24
#define PIP_CPUCORE_ASIS (0x1 << PIP_CPUCORE_FLAG_SHIFT) /* where the spawning thread may run */
#define PIP_CPUCORE_ABS (0x2 << PIP_CPUCORE_FLAG_SHIFT)  /* PIP_CPUCORE_ABS | n: the core the kernel numbers n */
#define PIP_CPUCORE_FLAG_MASK (0xFFu << PIP_CPUCORE_FLAG_SHIFT)
#define PIP_CPUCORE_CORENO_MASK ((0x1 << PIP_CPUCORE_FLAG_SHIFT) - 1)
#define PIP_CPUCORE_CORENO_MAX (1 << 20)

#define PIP_YIELD_DEFAULT 0
#define PIP_YIELD_USER 1
#define PIP_YIELD_SYSTEM 2

/* ---- Types ---------------------------------------------------------------------------------------------------- */

/* What to start; filled in by pip_spawn_from_main() or pip_spawn_from_func(). */
typedef struct {
  char *prog;       /* a path, or a name to be looked up in the root's PATH */
  char **argv;      /* start from main: the arguments */
  char **envv;      /* the environment; NULL stands for a copy of the caller's */
  char *funcname;   /* start from a function: its name; otherwise NULL */
  void *arg;        /* start from a function: its argument */
  void *aux;        /* what pip_get_aux() says in the task at first */
  void *reserved[2];
} pip_spawn_program_t;

typedef int (*pip_spawnhook_t)(void *hookarg);

/* What of the root to run in a new task; filled in by pip_spawn_hook(). */
typedef struct {
  pip_spawnhook_t before;
  pip_spawnhook_t after;
  void *hookarg;
  void *reserved[5];
} pip_spawn_hook_t;

/* What pip_get_system_id() says: a PID in process mode, a pthread_t in thread mode. */
typedef uintptr_t pip_id_t;

/* A barrier; in memory of any task, or of the root. */
typedef struct pip_barrier {
  int count_init;
  volatile uint32_t count;
  volatile int gsense;
  sem_t semaphore[2];
} pip_barrier_t;

/* The value of a barrier of N for a declaration, instead of pip_barrier_init(). */
#define PIP_BARRIER_INIT(N) { (N), (N), 0, { { { 0 } }, { { 0 } } } }

#if defined(__cplusplus) && __cplusplus >= 201103L
#define PIP_STATIC_ASSERT(CONDITION, TEXT) static_assert(CONDITION, TEXT)
#elif !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define PIP_STATIC_ASSERT(CONDITION, TEXT) _Static_assert(CONDITION, TEXT)
#else
#define PIP_STATIC_ASSERT(CONDITION, TEXT) extern int pip_static_assert(int)
#endif
PIP_STATIC_ASSERT(sizeof(pip_spawn_program_t) == 8 * sizeof(void *), "libpip.so expects this size");
PIP_STATIC_ASSERT(sizeof(pip_spawn_hook_t) == 8 * sizeof(void *), "libpip.so expects this size");
PIP_STATIC_ASSERT(sizeof(pip_id_t) == sizeof(void *), "libpip.so expects this size");
#if defined(__x86_64__) && !defined(__ILP32__)
PIP_STATIC_ASSERT(sizeof(pip_barrier_t) == 80, "libpip.so expects this size");
#endif
#undef PIP_STATIC_ASSERT

/* ---- Beginning and end ---------------------------------------------------------------------------------------- */

/*
 * In a process that is no task: makes it a root. `*ntasksp` says how many tasks there may be at a time (a null pointer:
 * PIP_NTASKS_MAX), `*root_expp` becomes what pip_import(PIP_PIPID_ROOT) gives; `*pipidp` becomes PIP_PIPID_ROOT.
 * Blocks SIGCHLD, which the waiting functions need; renames the process to "R:..." for pips.
 * In a task (any number of times, never fails): says its pipid, the number given by the root, and, if it is not null,
 * what the root exports. Every pointer may be null.
 *   EINVAL     *ntasksp is not positive; then: options that no mode goes by
 *   EOVERFLOW  *ntasksp is above 4096
 *   EPERM      the options contradict PIP_MODE, PIP_MODE is no known mode, or the caller blocks SIGCHLD
 *   EBUSY      it is a root already
 */
int pip_init(int *pipidp, int *ntasksp, void **root_expp, int opts);

/*
 * Root: ends PiP once all tasks have been waited for. Task: gives back the signal handlers and returns 0; it may go on
 * as an ordinary program.
 *   EBUSY  root: a task has not been waited for
 */
int pip_fin(void);

/* 1 in a root between pip_init() and pip_fin() and in a task, otherwise 0. */
int pip_is_initialized(void);

/* ---- Spawning ------------------------------------------------------------------------------------------------- */

/*
 * Describes a task that starts at main(). A null `prog` stands for argv[0], a null `envv` for the caller's environment
 * at the spawn.
 */
static inline void pip_spawn_from_main(pip_spawn_program_t *progp, char *prog, char **argv, char **envv, void *aux) {
  memset(progp, 0, sizeof *progp);
  progp->prog = prog != NULL ? prog : (argv != NULL ? argv[0] : NULL);
  progp->argv = argv;
  progp->envv = envv;
  progp->aux = aux;
}

/* Describes a task that calls `int funcname(void *arg)` of its program instead of main(); the result is its status. */
static inline void pip_spawn_from_func(pip_spawn_program_t *progp, char *prog, char *funcname, void *arg, char **envv,
                                       void *aux) {
  memset(progp, 0, sizeof *progp);
  progp->prog = prog;
  progp->funcname = funcname;
  progp->arg = arg;
  progp->envv = envv;
  progp->aux = aux;
}

/* Describes hooks; each of `before` and `after` may be null. */
static inline void pip_spawn_hook(pip_spawn_hook_t *hook, pip_spawnhook_t before, pip_spawnhook_t after,
                                  void *hookarg) {
  memset(hook, 0, sizeof *hook);
  hook->before = before;
  hook->after = after;
  hook->hookarg = hookarg;
}

/*
 * Starts a task. `*pipidp` is the pipid it shall have, or PIP_PIPID_ANY (as if `pipidp` were null) for the next free
 * one, and becomes the one it has. Arguments and environment are copied. `coreno` is described at PIP_CPUCORE_ASIS;
 * a failure to bind is only a warning. `opts` is 0. `hookp` may be null.
 *
 * The before-hook runs code of the root within the new task, with its PID and descriptors, before those with
 * FD_CLOEXEC are closed (process mode); if it returns other than 0, the program is not started and this is the task's
 * exit status. The after-hook runs once when the task ends by return, exit(), pip_exit(), pthread_exit() of its main
 * thread or a signal that can be caught, but not by _exit(); what it returns becomes the status if that was 0.
 *
 * Process mode: the task has a copy of the root's descriptors. Thread mode: they are shared, and none is closed.
 * A task may spawn, too: what it starts are tasks of the root, which waits for them; hooks must be the root's.
 *   EINVAL    a null program or argv, a pipid that no task can have, or a core number that cannot be
 *   EPERM     a task gave hooks
 *   EAGAIN    the pipid is in use, or all are
 *   ENOENT    there is no such file          EACCES    it is no regular file, or not executable
 *   ELIBSCN   it is a script                 EUNATCH   it is shorter than an ELF header
 *   ELIBBAD   it is not ELF                  ELIBEXEC  it is no program that can be a task, or a library is missing
 *   ENOEXEC   it has no such start function, or several of that name
 *   ENOMEM    memory or mappings ran out
 */
int pip_task_spawn(pip_spawn_program_t *progp, uint32_t coreno, uint32_t opts, int *pipidp, pip_spawn_hook_t *hookp);

/* pip_task_spawn() of a program that starts at main(). EINVAL for a null `filename` comes before all else. */
int pip_spawn(char *filename, char **argv, char **envv, int coreno, int *pipidp, pip_spawnhook_t before,
              pip_spawnhook_t after, void *hookarg);

/* ---- Sharing -------------------------------------------------------------------------------------------------- */

/*
 * Offers one pointer to all. It must stay valid until the caller ends.
 *   EINVAL  a null pointer
 *   EBUSY   the caller has exported already
 */
int pip_export(void *exp);

/*
 * What `pipid` exported; null if it has not yet. Does not wait.
 *   EINVAL, ERANGE  not a pipid
 *   ESRCH           it does not live
 */
int pip_import(int pipid, void **expp);

/*
 * Offers a pointer, which may be null, under a name made as by printf; a null format is the empty name.
 *   EBUSY   the caller has exported this name already
 *   ENOMEM  there is no memory for it
 */
int pip_named_export(void *exp, const char *format, ...) PIP_PRINTF(2, 3);

/*
 * What `pipid` exported under this name; waits until it has.
 *   EINVAL, ERANGE  not a pipid
 *   EDEADLK         the caller itself has not exported it
 *   ECANCELED       `pipid` ended, perhaps while the caller waited; nothing can be imported from it any more
 */
int pip_named_import(int pipid, void **expp, const char *format, ...) PIP_PRINTF(3, 4);

/* pip_named_import() that does not wait: EAGAIN if it is not exported yet. */
int pip_named_tryimport(int pipid, void **expp, const char *format, ...) PIP_PRINTF(3, 4);

/* Sets the caller's own pointer, in a task at first the one given to the spawn and null in the root. */
int pip_set_aux(void *aux);

/* Says it; `auxp` may be null. */
int pip_get_aux(void **auxp);

/*
 * The address of a symbol of the program of task `pipid` or of a library of it.
 *   EINVAL, ERANGE  not a pipid
 *   EINVAL          a null pointer
 *   ESRCH           it does not live
 *   ENOENT          it has no such symbol
 */
int pip_get_addr(int pipid, const char *symbol, void **addrp);

/* ---- Waiting, by the root only -------------------------------------------------------------------------------- */

/*
 * Waits until the task ends, and gives its pipid and memory back. `*statusp` is for WIFEXITED(), WEXITSTATUS(),
 * WIFSIGNALED() and WTERMSIG() of sys/wait.h in both modes; `statusp` may be null.
 *   EPERM           called by a task
 *   EINVAL, ERANGE  not a pipid
 *   EDEADLK         it is the root
 *   ECHILD          there is no such task; or it was waited for
 */
int pip_wait(int pipid, int *statusp);

/* pip_wait() that does not wait: ECHILD also if the task still runs. */
int pip_trywait(int pipid, int *statusp);

/*
 * Waits until any task ends, and says which; each pointer may be null.
 *   EPERM   called by a task
 *   ECHILD  there are no tasks
 */
int pip_wait_any(int *pipidp, int *statusp);

/* pip_wait_any() that does not wait: ECHILD also if none has ended. */
int pip_trywait_any(int *pipidp, int *statusp);

/* ---- Questions ------------------------------------------------------------------------------------------------ */

/* The caller's own pipid, in the root PIP_PIPID_ROOT; `pipidp` may be null. */
int pip_get_pipid(int *pipidp);

/* The number given to pip_init(); `ntasksp` may be null. */
int pip_get_ntasks(int *ntasksp);

/*
 * PIP_MODE_PTHREAD, PIP_MODE_PROCESS_PRELOAD or PIP_MODE_PROCESS_PIPCLONE: of the last two, which mean the same, the
 * one asked for. `modep` may be null.
 */
int pip_get_mode(int *modep);

/* "pthread", "process", or "process:preload" or "process:pipclone" if asked for; null where there is no root. */
const char *pip_get_mode_str(void);

/*
 * Process mode: the PID. Thread mode: the pthread_t, which only the task's own libc knows what to do with.
 *   EINVAL, ERANGE  not a pipid
 *   ESRCH           it does not live
 */
int pip_get_system_id(int pipid, pip_id_t *idp);

/* 1 or 0; never an error. */
int pip_isa_root(void);
int pip_isa_task(void);

/* `*flagp` becomes 1 in thread mode, 0 in process mode. */
int pip_is_threaded(int *flagp);

/* `*flagp` becomes 1 if root and tasks share their descriptors, as in thread mode. */
int pip_is_shared_fd(int *flagp);

/* The time of day in seconds. */
double pip_gettime(void);

/* The kernel's number of the calling thread. */
pid_t pip_gettid(void);

/* Writes who the caller is, for messages: "<R>", "<T3>", ...; at most `size` bytes with the final NUL. The length. */
size_t pip_idstr(char *text, size_t size);

/* ---- Ending --------------------------------------------------------------------------------------------------- */

/*
 * Task: ends it like exit(), with its atexit handlers, its stdio flushed and the after-hook. Root: kills what still
 * runs and exits. Elsewhere: exit().
 */
void pip_exit(int status) PIP_NORETURN;

/* Kills all tasks, and ends the root by SIGABRT, whoever calls it. */
void pip_abort(void) PIP_NORETURN;

/*
 * Sends SIGKILL to all tasks in process mode, and ends them likewise in thread mode. They still have to be waited for.
 *   EPERM  called by a task
 */
int pip_kill_all_child_tasks(void);

/* An older name of pip_kill_all_child_tasks(). */
int pip_kill_all_tasks(void);

/* ---- Signals -------------------------------------------------------------------------------------------------- */

/*
 * Sends a signal to a task or to the root, in thread mode to its thread.
 *   EINVAL, ERANGE  not a pipid
 *   EINVAL          not a signal
 *   ESRCH           it does not live
 */
int pip_kill(int pipid, int signal);

/* sigprocmask(), in thread mode pthread_sigmask(). EINVAL: not a `how`. */
int pip_sigmask(int how, const sigset_t *sigmask, sigset_t *oldmask);

/* Waits until this one signal, which the caller blocks, is pending, and takes it. EINVAL: not a signal. */
int pip_signal_wait(int signal);

/* ---- Together ------------------------------------------------------------------------------------------------- */

/* Lets others run, sched_yield(); any `flag`. */
int pip_yield(int flag);

/* EINVAL: `n` is not positive. */
int pip_barrier_init(pip_barrier_t *barrp, int n);

/* Waits until `n` callers have come; then the barrier is ready for the next round. */
int pip_barrier_wait(pip_barrier_t *barrp);

/* EBUSY: somebody waits at it. */
int pip_barrier_fin(pip_barrier_t *barrp);

/* ---- Locks, memory and libraries ------------------------------------------------------------------------------ */

/* A lock among the threads of the caller's own task, and one among all tasks and the root. Both may be nested. */
void pip_libc_lock(void);
void pip_libc_unlock(void);
void pip_universal_lock(void);
void pip_universal_unlock(void);

/*
 * malloc() and its family. Whoever frees a block may be another task than the one that allocated it: it goes back to
 * the heap it is from.
 */
void *pip_malloc(size_t size);
void pip_free(void *block);
void *pip_calloc(size_t count, size_t size);
void *pip_realloc(void *block, size_t size);
int pip_posix_memalign(void **blockp, size_t alignment, size_t size); /* EINVAL, ENOMEM */
size_t pip_malloc_usable_size(void *block);

/* dlopen() and its family, in the caller's own task. */
void *pip_dlopen(const char *filename, int flags);
void *pip_dlsym(void *handle, const char *symbol);
int pip_dlclose(void *handle);
char *pip_dlerror(void);

/* ---- Messages ------------------------------------------------------------------------------------------------- */

/*
 * One line each on standard error (the first: on a stream), by one write(), with who says it; none if PIP_QUIET is set.
 */
void pip_info_fmesg(FILE *stream, const char *format, ...) PIP_PRINTF(2, 3);
void pip_info_mesg(const char *format, ...) PIP_PRINTF(1, 2);
void pip_warn_mesg(const char *format, ...) PIP_PRINTF(1, 2);
void pip_err_mesg(const char *format, ...) PIP_PRINTF(1, 2);

/* Writes /proc/self/maps to standard output, for debugging. */
void pip_print_maps(void);

/* Does what PIP_GDB_PATH, PIP_SHOW_MAPS and PIP_SHOW_PIPS ask for at a crash, now. */
void pip_debug_info(void);

/* 1 if the library was built for debugging. */
int pip_is_debug_build(void);

#ifdef __cplusplus
}
#endif

#undef PIP_PRINTF
#undef PIP_NORETURN

#endif
