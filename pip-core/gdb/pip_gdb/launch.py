"""Tasks that start while gdb looks on.

In process mode a task is cloned as a child process (gdb: a fork) that shares the address space. gdb would take out the
root's breakpoints from the child's memory, which is the root's own, and then give the child a second set of breakpoints
at the root's addresses. So, while both still stand: the child gets the executable that leads to its own libraries, the
root's breakpoints are put back, and a breakpoint in the task's loader waits for the moment when its program is in memory
and none of it has run. Other children are let go, as gdb does by default.
"""

import os
import signal
import time

import gdb

from . import loader, processes, registry, threads
from .quiet import Quiet, note, quoted
from .stub import Stub

# Seconds; a process that waits for a disk does not stop at once.
LONGEST_HOLD = 2

# Numbers of inferiors that gdb has just made for a child.
_forked = set()
# Children of vfork: number -> (inferior, its parent's program space). They are let go once they run a program of their
# own.
_vforked = {}


def on_new_inferior(event):
    """Those that gdb makes for a child have a PID from the start."""
    if event.inferior.pid:
        _forked.add(event.inferior.num)


def on_new_thread(event):
    """gdb has made a child's first thread, or a thread; it stands, and a child's parent too."""
    thread = event.inferior_thread
    if thread is None or Quiet.depth:
        return
    inferior, lwp = thread.inferior, thread.ptid[1]
    try:
        if inferior.num in _forked:
            _forked.discard(inferior.num)
            on_fork(gdb.selected_inferior(), inferior)
        elif lwp not in (0, inferior.pid):
            found = registry.find(inferior)
            entry = entry_of(found, lwp) if found is not None and found.threads else None
            if entry is not None:
                prepare_thread(inferior, entry)
    except gdb.error as error:
        note(f"process or thread {lwp} was not recognised: {error}")


def on_fork(parent, child):
    found = registry.find(parent)
    entry = None if found is None or found.threads else entry_of(found, child.pid)
    if entry is None:
        if child.progspace == parent.progspace:
            # While it shares that, a detach would make gdb forget the parent's breakpoints, which stand in the memory.
            _vforked[child.num] = (child, parent.progspace)
        else:
            gdb.post_event(lambda: let_go(child))
        return
    if parent.pid == found.root_pid:
        processes.show(parent, found.root())
    prepare(parent, child, entry)


def entry_of(found, pid):
    """The task that this new process becomes: it has not stored its PID yet, but stands on the task's stack."""
    try:
        with open(f"/proc/{pid}/syscall") as file:
            stack_pointer = int(file.read().split()[-2], 16)
    except (OSError, IndexError, ValueError):
        return None
    for entry in found.tasks():
        if entry.state in (registry.STARTING, registry.ALIVE) and entry.pid in (0, pid):
            if entry.stack_start <= stack_pointer <= entry.stack_end:
                return entry
    return None


def prepare(parent, child, entry):
    entry.pid = child.pid
    processes.show(child, entry)
    address = loader.first_stop(entry)
    name = f"pip_gdb_loader_stop_{child.pid}"
    stub = Stub(entry, None if address is None else (name, address))
    with Quiet():
        gdb.execute(f"inferior {child.num}", to_string=True)
        gdb.execute(f"exec-file {quoted(stub.path)}", to_string=True)
        gdb.execute(f"symbol-file {quoted(stub.path)}", to_string=True)
        if address is not None:
            LoaderStop(name, entry, stub, lambda: processes.adopt(child, entry))
        gdb.execute(f"inferior {parent.num}", to_string=True)
    put_back(parent)


def put_back(parent):
    """gdb has removed the parent's breakpoints from the child's memory, and believes that they still are in its own."""
    for breakpoint in gdb.breakpoints():
        for location in breakpoint.locations:
            if location.enabled and parent.num in (location.thread_groups or [parent.num]):
                location.enabled = False
                location.enabled = True


def prepare_thread(inferior, entry):
    """Thread mode: the breakpoint, and then the symbols, go into the one program space."""
    address = loader.first_stop(entry)
    if address is None:
        return
    name = f"pip_gdb_loader_stop_{entry.pipid}"
    stub = Stub(entry, (name, address), thread=True)

    def finish():
        gdb.execute(f"remove-symbol-file -a {address:#x}", to_string=True)
        threads.load_all(inferior, registry.find(inferior))

    with Quiet():
        gdb.execute(f"add-symbol-file {quoted(stub.path)}", to_string=True)
        LoaderStop(name, entry, stub, finish)


class LoaderStop(gdb.Breakpoint):
    """Calls `finish` as soon as a task's program is in memory."""

    def __init__(self, function, entry, stub, finish):
        super().__init__(function=function, internal=True)
        self.silent = True
        self.entry, self.stub, self.finish = entry, stub, finish

    def stop(self):
        if self.entry.has_loaded:
            # First: its function goes with the stub's symbols.
            self.enabled = False
            self.finish()
            self.stub.close()
            gdb.post_event(self.delete)
        return False


def on_new_objfile(event):
    for number, (child, shared) in list(_vforked.items()):
        if not child.is_valid() or not child.pid:
            del _vforked[number]
        elif child.progspace != shared and child.progspace == event.new_objfile.progspace:
            del _vforked[number]
            gdb.post_event(lambda child=child: let_go(child))


def let_go(child):
    """Detaches from a child that is no task."""
    if not child.is_valid() or not child.pid or not hold(child.pid):
        return
    pid = child.pid
    with Quiet():
        gdb.execute(f"detach inferiors {child.num}", to_string=True)
    if child.is_valid() and not child.pid:
        os.kill(pid, signal.SIGCONT)


def hold(pid):
    """Stops a traced process; False if it has ended. gdb dies of detaching from one that ends meanwhile."""
    deadline = time.monotonic() + LONGEST_HOLD
    sent = False
    while time.monotonic() < deadline:
        try:
            with open(f"/proc/{pid}/stat") as stat:
                state = stat.read().rpartition(")")[2].split()[0]
            if state in "ZX":
                return False
            if state == "t":
                return True
            if not sent:
                os.kill(pid, signal.SIGSTOP)
                sent = True
        except OSError:
            return False
        time.sleep(0.001)
    return False


def follow(wanted):
    gdb.execute(f"set detach-on-fork {'off' if wanted else 'on'}", to_string=True)


def install():
    follow(True)
    gdb.events.new_inferior.connect(on_new_inferior)
    gdb.events.new_thread.connect(on_new_thread)
    gdb.events.new_objfile.connect(on_new_objfile)
