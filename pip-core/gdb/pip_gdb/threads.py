"""Thread mode: all tasks are threads of one inferior, so the symbols of all of them belong into its one program space,
each task's at the addresses of its own copy."""

import os

import gdb

from . import processes
from .quiet import Quiet, quoted

# (inferior number, PID) -> what was added for it.
added = {}


def load_all(inferior, found):
    """Adds the symbols of tasks that came, and removes those of tasks that went; the inferior is the selected one."""
    alive = [entry for entry in found.tasks() if entry.lives]
    # The vdso has a name, but no file; gdb knows it anyway.
    wanted = [library for entry in alive for library in entry.libraries() if os.path.isfile(library.path)]
    have = added.setdefault((inferior.num, inferior.pid), set())
    with Quiet():
        for library in have.difference(wanted):
            have.discard(library)
            try:
                gdb.execute(f"remove-symbol-file -a {library.dynamic:#x}", to_string=True)
            except gdb.error:
                # The user has removed it.
                pass
        for library in wanted:
            if library not in have:
                gdb.execute(f"add-symbol-file {quoted(library.path)} -o {library.bias:#x}", to_string=True)
                have.add(library)
    processes.shown[inferior.num] = (inferior.pid, f"root + {len(alive)}")


def attach_process(inferior, found):
    """gdb was told the TID of a task, and has attached to that thread alone: the others would die of its breakpoints."""
    tid = inferior.pid
    with Quiet():
        gdb.execute("detach", to_string=True)
        gdb.execute(f"attach {found.root_pid}", to_string=True)
        gdb.execute("sharedlibrary", to_string=True)
    load_all(inferior, found)
    thread = thread_of(inferior, tid)
    if thread is not None:
        thread.switch()


def thread_of(inferior, pid):
    """The thread of a task, by its kernel TID."""
    return next((thread for thread in inferior.threads() if thread.ptid[1] == pid), None)
