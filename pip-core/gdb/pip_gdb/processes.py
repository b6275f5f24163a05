"""Process mode: every task is an inferior of its own, with its own program and libraries.

All of them share one address space, and the kernel says of each that it is the root's program. See `stub` for how gdb
is led to a task's own libraries. From then on its own machinery does the rest, also for what is loaded later.
"""

import os
import resource

import gdb

from .quiet import Quiet, note, quoted
from .stub import Stub

# Number of an inferior -> (its PID, what it is).
shown = {}
# Numbers of those that had not loaded their program yet.
incomplete = set()


def task_of(inferior):
    """What an inferior that was recognised is: `root`, or the pipid as text."""
    pid, name = shown.get(inferior.num, (0, None))
    return name if pid and pid == inferior.pid else None


def show(inferior, entry):
    shown[inferior.num] = (inferior.pid, entry.name)


def program_of(inferior):
    """The file that is shown for it; while a task starts that is still the stub."""
    name = inferior.progspace.filename or ""
    return "" if name.startswith(f"/proc/{os.getpid()}/fd/") else name


def adopt(inferior, entry):
    """Gives the selected inferior, which gdb took for the root, the task's own program and libraries."""
    show(inferior, entry)
    if entry.pipid is None:
        return
    with Quiet(), Stub(entry) as stub:
        gdb.execute("symbol-file", to_string=True)
        gdb.execute(f"exec-file {quoted(stub)}", to_string=True)
        reload_libraries()
        load_program(inferior, entry)


def reload_libraries():
    """Makes gdb look for the dynamic loader again, where the executable now says that it is."""
    sysroot = gdb.parameter("sysroot")
    gdb.execute(f"set sysroot {sysroot}", to_string=True)


def load_program(inferior, entry):
    libraries = entry.libraries()
    incomplete.discard(inferior.num)
    if not libraries:
        incomplete.add(inferior.num)
        return
    program = quoted(entry.program)
    if not os.path.exists(entry.program):
        note(f"{entry.program}, the program of task {entry.name}, is not there any more: no symbols for it")
        return
    # The symbols while the stub is the executable: a task of the root's own program would be moved to the root's place.
    gdb.execute(f"symbol-file -o {libraries[0].bias:#x} {program}", to_string=True)
    gdb.execute("nosharedlibrary", to_string=True)
    gdb.execute(f"exec-file {program}", to_string=True)
    if libraries[0].dynamic:
        # From here on gdb follows the DT_DEBUG of the program itself. This command takes the first section of that name,
        # which is why no library may be there.
        gdb.execute(f"section .dynamic {libraries[0].dynamic:#x}", to_string=True)
    if entry.r_debug:
        gdb.execute("sharedlibrary", to_string=True)


def attach(entry):
    """Attaches a task, or the root, as a new inferior."""
    gdb.execute("add-inferior -no-connection", to_string=True)
    inferior = max(gdb.inferiors(), key=lambda each: each.num)
    gdb.execute(f"inferior {inferior.num}", to_string=True)
    try:
        if entry.pipid is None:
            gdb.execute(f"attach {entry.pid}", to_string=True)
            gdb.execute("sharedlibrary", to_string=True)
        else:
            with Stub(entry) as stub:
                gdb.execute(f"exec-file {quoted(stub)}", to_string=True)
                gdb.execute(f"attach {entry.pid}", to_string=True)
                load_program(inferior, entry)
    except gdb.error as error:
        if not inferior.pid:
            gdb.execute(f"inferior {gdb.inferiors()[0].num}", to_string=True)
            gdb.execute(f"remove-inferiors {inferior.num}", to_string=True)
            return False, str(error)
        note(f"task {entry.name} (PID {entry.pid}): {error}")
    show(inferior, entry)
    return True, None


def attach_all(found):
    """Attaches whatever is not an inferior yet; returns how many were added."""
    here = {inferior.pid for inferior in gdb.inferiors()}
    wanted = [entry for entry in [found.root(), *found.tasks()] if entry.lives and entry.pid not in here]
    provide_descriptors(len(wanted))
    added, failed = 0, []
    thread = gdb.selected_thread()
    with Quiet():
        for entry in wanted:
            done, reason = attach(entry)
            added += done
            if not done:
                failed.append((entry, reason))
        finish_incomplete(found)
        if thread is not None and thread.is_valid():
            thread.switch()
    for entry, reason in failed:
        note(f"task {entry.name} (PID {entry.pid}) was not attached: {reason}")
    return added


def provide_descriptors(count):
    """gdb keeps a file open for each process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = len(os.listdir("/proc/self/fd")) + 2 * count + 50
    if needed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, hard) if hard > 0 else needed, hard))


def finish_incomplete(found):
    """Tasks that were met before their loader had loaded anything."""
    tasks = {entry.pid: entry for entry in found.tasks()}
    for inferior in gdb.inferiors():
        if inferior.num in incomplete and inferior.pid in tasks:
            gdb.execute(f"inferior {inferior.num}", to_string=True)
            adopt(inferior, tasks[inferior.pid])


def adopt_core(inferior, found):
    """A core file: the task that dumped it is known by its threads."""
    pids = {thread.ptid[1] for thread in inferior.threads()} | {inferior.pid}
    entry = found.root() if found.threads else found.by_pid(pids)
    if entry is None:
        return
    if entry.pipid is not None:
        adopt(inferior, entry)
        note(f"the core is of task {entry.name} (PID {entry.pid}), {entry.program}")
        return
    show(inferior, entry)
    if inferior.progspace.filename is None and os.path.exists(entry.program):
        with Quiet():
            gdb.execute(f"file {quoted(entry.program)}", to_string=True)
            reload_libraries()
            gdb.execute("sharedlibrary", to_string=True)
