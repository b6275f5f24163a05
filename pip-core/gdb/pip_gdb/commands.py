"""The commands: `pip tasks`, `pip task`, `pip attach`, `pip detach`, `set pip-auto-attach`, and `info inferiors` with
one more column."""

import gdb

from . import launch, memory, processes, registry, session, threads


class AutoAttach(gdb.Parameter):
    """With `on`, attaching to one PiP task, or to the root, attaches to all of them, and tasks that are started later are
debugged too. With `off`, `pip attach` does that when it is wanted."""

    set_doc = "Set whether one PiP task brings all others into gdb."
    show_doc = "Show whether one PiP task brings all others into gdb."

    def __init__(self):
        super().__init__("pip-auto-attach", gdb.COMMAND_RUNNING, gdb.PARAM_BOOLEAN)
        self.value = True

    def get_set_string(self):
        launch.follow(self.value)
        return ""

    def get_show_string(self, value):
        return f"Bringing all PiP tasks into gdb with the first is {value}."


class Pip(gdb.Command):
    """Commands for the tasks of a PiP root (Process-in-Process)."""

    def __init__(self):
        super().__init__("pip", gdb.COMMAND_STATUS, prefix=True)

    def invoke(self, argument, from_tty):
        gdb.execute("help pip")


class Begin(gdb.Command):
    """Look for tasks in what was just attached or opened; pip-gdb does that by itself."""

    def __init__(self):
        super().__init__("pip begin", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        session.begin()


class Tasks(gdb.Command):
    """List the tasks of the selected inferior's PiP root: pipid, PID, state and program."""

    def __init__(self):
        super().__init__("pip tasks", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        inferior, found = must_discover()
        place = places(found, inferior)
        rows = [("", "Task", "PID", "State", "In gdb", "Program")]
        current = current_pid(found)
        for entry in [found.root(), *found.tasks()]:
            mark = "*" if entry.pid == current else ""
            state = registry.STATES[entry.state] if entry.state < len(registry.STATES) else "?"
            rows.append((mark, entry.name, str(entry.pid), state, place.get(entry.pid, "-"), entry.program))
        print_table(rows)


class Task(gdb.Command):
    """Select the inferior, or in thread mode the thread, of a task: pip task PIPID, or pip task root."""

    def __init__(self):
        super().__init__("pip task", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        inferior, found = must_discover()
        name = argument.strip()
        entry = next((each for each in [found.root(), *found.tasks()] if each.name == name), None)
        if entry is None:
            raise gdb.GdbError(f"there is no task '{name}': `pip tasks` lists them")
        if found.threads:
            thread = threads.thread_of(inferior, entry.pid)
            if thread is None:
                raise gdb.GdbError(f"task {name} (TID {entry.pid}) is no thread of inferior {inferior.num}: it has ended")
            gdb.execute(f"thread {inferior.num}.{thread.num}")
            return
        number = next((each.num for each in gdb.inferiors() if each.pid == entry.pid), None)
        if number is None:
            raise gdb.GdbError(f"task {name} (PID {entry.pid}) is not attached: `pip attach` attaches all")
        gdb.execute(f"inferior {number}")


class Attach(gdb.Command):
    """Attach to all tasks that are not attached yet, as to tasks that were started meanwhile."""

    def __init__(self):
        super().__init__("pip attach", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        inferior, found = must_discover()
        if memory.is_core(inferior):
            raise gdb.GdbError("a core file holds one task: there is nothing to attach to")
        number = session.scan(inferior, found)
        if not found.threads:
            gdb.write(f"[PiP: {number} more attached]\n")


class Detach(gdb.Command):
    """Detach from the root and all tasks; they go on."""

    def __init__(self):
        super().__init__("pip detach", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        attached = [str(each.num) for each in gdb.inferiors() if each.pid and not memory.is_core(each)]
        if attached:
            gdb.execute(f"detach inferiors {' '.join(attached)}")


class InfoInferiors(gdb.Command):
    """Print a list of inferiors being managed: info inferiors [ID]...
The column Task says which PiP task each one is."""

    def __init__(self):
        super().__init__("info inferiors", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        wanted = numbers(argument)
        rows = [("", "Num", "Task", "Description", "Connection", "Executable")]
        current = gdb.selected_inferior().num
        for inferior in gdb.inferiors():
            if wanted and inferior.num not in wanted:
                continue
            connection = inferior.connection
            rows.append((
                "*" if inferior.num == current else "",
                str(inferior.num),
                processes.task_of(inferior) or "",
                f"process {inferior.pid}" if inferior.pid else "<null>",
                f"{connection.num} ({connection.type})" if connection else "",
                processes.program_of(inferior),
            ))
        if len(rows) == 1:
            gdb.write("No inferiors.\n")
            return
        print_table(rows)


def must_discover():
    inferior, found = session.discover()
    if found is None:
        raise gdb.GdbError("no inferior is a PiP root or task: attach to one, or open the core file of one")
    return inferior, found


def places(found, inferior):
    """By PID: what `inferior` or `thread` takes to get there."""
    if found.threads or memory.is_core(inferior):
        return {thread.ptid[1]: f"thread {inferior.num}.{thread.num}" for thread in inferior.threads()}
    return {each.pid: f"inferior {each.num}" for each in gdb.inferiors() if each.pid}


def current_pid(found):
    thread = gdb.selected_thread()
    if thread is None:
        return None
    return thread.ptid[1] if found.threads else thread.ptid[0]


def numbers(argument):
    """`1 3-5` as a set."""
    wanted = set()
    for word in gdb.string_to_argv(argument or ""):
        first, _, last = word.partition("-")
        try:
            wanted.update(range(int(first), int(last or first) + 1))
        except ValueError:
            raise gdb.GdbError(f"'{word}' is no inferior number: give numbers such as 2 or 3-5") from None
    return wanted


def print_table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths)]
        # As in gdb's own tables, one column of marks and a space.
        gdb.write(f"{cells[0]:1} {'  '.join(cells[1:])}".rstrip() + "\n")


def register():
    for command in (AutoAttach, Pip, Begin, Tasks, Task, Attach, Detach, InfoInferiors):
        command()
