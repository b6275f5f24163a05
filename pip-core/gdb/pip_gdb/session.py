"""What is done when: at the start, after an attach, when a core file was opened, and on `pip attach`."""

import gdb

from . import memory, processes, registry, threads
from .quiet import Quiet, note

# (number, PID) of inferiors that `begin` has looked at.
_seen = set()


def discover():
    """The registry of the selected inferior, or of the first other one that has one: (inferior, registry)."""
    chosen = gdb.selected_inferior()
    for inferior in [chosen, *gdb.inferiors()]:
        found = registry.find(inferior)
        if found is not None:
            return inferior, found
    return None, None


def begin():
    """Looks at what gdb has just been given, and shows the tasks of it."""
    inferior = gdb.selected_inferior()
    _seen.add((inferior.num, inferior.pid))
    found = registry.find(inferior)
    if found is None:
        return
    if memory.is_core(inferior):
        processes.adopt_core(inferior, found)
        if found.threads:
            threads.load_all(inferior, found)
        return
    if found.threads and inferior.pid != found.root_pid:
        threads.attach_process(inferior, found)
        return
    if not found.threads and processes.task_of(inferior) is None:
        entry = found.by_pid({inferior.pid})
        if entry is None:
            # A process that a task has forked: it has the registry in its memory and is no task.
            return
        processes.adopt(inferior, entry)
    if gdb.parameter("pip-auto-attach"):
        scan(inferior, found)


def scan(inferior, found):
    """Attaches what is not attached yet; returns how many tasks that were."""
    if found.threads:
        threads.load_all(inferior, found)
        return 0
    return processes.attach_all(found)


def after_attach():
    """After the command `attach` in a script; at the prompt gdb calls this too early or not at all."""
    if not Quiet.depth:
        _begin_safely()


def before_prompt():
    """The first prompt after something was attached at the prompt."""
    inferior, thread = gdb.selected_inferior(), gdb.selected_thread()
    if inferior.pid and (inferior.num, inferior.pid) not in _seen and thread is not None and thread.is_stopped():
        _begin_safely()


def _begin_safely():
    try:
        begin()
    except gdb.error as error:
        note(str(error))


def forget(event):
    processes.shown.pop(event.inferior.num, None)
    processes.incomplete.discard(event.inferior.num)
