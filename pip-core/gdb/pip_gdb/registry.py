"""Reading the registry of tasks out of an inferior's memory: a live process, or the core file of one.

The layout is that of version 2 in pip-core/src/registry; nothing is believed before magic and version were checked.
"""

import collections
import struct

import gdb

from .memory import Memory, address_of

MAGIC = int.from_bytes(b"PiP-rgs\0", "little")
VERSION = 2
MAPPING = "/memfd:pip-registry"
HEADER = struct.Struct("<QIIIIiI")
ENTRY = struct.Struct("<IiQQQQQ")
R_DEBUG_AT = 16
# struct r_debug: version, r_map, r_brk, r_state; struct link_map: l_addr, l_name, l_ld, l_next.
R_MAP_AT, R_STATE_AT = 8, 24
LINK_MAP = struct.Struct("<QQQQ")
MOST_LIBRARIES = 10000
MOST_TASKS = 4096

FREE, STARTING, ALIVE, ENDED, HELD, UNMAPPING = range(6)
STATES = ("free", "starting", "alive", "ended", "held", "unmapping")

# `dynamic` is the address of its .dynamic section.
Library = collections.namedtuple("Library", "bias path dynamic")


class Entry:
    """One task, or the root, as the registry showed it when it was read."""

    def __init__(self, memory, pipid, address, fields):
        self.memory = memory
        self.pipid = pipid
        self.r_debug_pointer = address + R_DEBUG_AT
        self.state, self.pid, program, self.r_debug, self.load_bias, self.stack_start, self.stack_end = fields
        self.program = self._path(program)

    @property
    def name(self):
        return "root" if self.pipid is None else str(self.pipid)

    @property
    def lives(self):
        return self.state in (STARTING, ALIVE) and self.pid > 0

    @property
    def has_loaded(self):
        """Whether its loader has the program and all its libraries in memory."""
        return self.r_debug == 0 or (self.memory.word(self.r_debug + R_STATE_AT, 4) == 0 and bool(self.libraries()))

    def _path(self, address):
        # It stands on the task's stack, which is unmapped once the task was waited for.
        try:
            return self.memory.string(address) if address and self.state < ENDED else "?"
        except gdb.MemoryError:
            return "?"

    def libraries(self):
        """All objects of the task's own loader, the program first; empty while the loader has not begun."""
        if self.r_debug == 0:
            return [Library(self.load_bias, self.program, 0)]
        found = []
        try:
            node = self.memory.word(self.r_debug + R_MAP_AT)
            while node and len(found) < MOST_LIBRARIES:
                bias, name, dynamic, node = LINK_MAP.unpack(self.memory.read(node, LINK_MAP.size))
                path = self.memory.string(name) if found else self.program
                found.append(Library(bias, path, dynamic))
        except gdb.MemoryError:
            # The loader was stopped while it changed the list.
            pass
        return found


class Registry:
    """The header, and the entries on demand."""

    def __init__(self, memory, address):
        self.memory = memory
        self.address = address
        fields = HEADER.unpack(memory.read(address, HEADER.size))
        magic, version, self.header_size, self.entry_size, self.capacity, self.root_pid, mode = fields
        if magic != MAGIC or version != VERSION:
            raise gdb.GdbError(
                f"the PiP registry at {address:#x} has version {version}, and this pip-gdb reads version {VERSION}: "
                "use the pip-gdb that was installed with the program's libpip.so"
            )
        if self.capacity > MOST_TASKS or self.entry_size < ENTRY.size or self.header_size < HEADER.size:
            raise gdb.GdbError(f"the header of the PiP registry at {address:#x} was overwritten: it cannot be read")
        self.threads = mode == 1

    def entry(self, number):
        address = self.address + self.header_size + number * self.entry_size
        fields = ENTRY.unpack(self.memory.read(address, ENTRY.size))
        return Entry(self.memory, None if number == self.capacity else number, address, fields)

    def root(self):
        root = self.entry(self.capacity)
        if root.program == "?":
            root.program = self.memory.executable() or "?"
        return root

    def tasks(self):
        """All tasks that ever were, by pipid."""
        return [entry for entry in map(self.entry, range(self.capacity)) if entry.state != FREE]

    def by_pid(self, pids):
        """The task, or the root, that has one of these (kernel) PIDs."""
        for entry in self.tasks():
            if entry.pid in pids:
                return entry
        return self.root() if self.root_pid in pids else None


def find(inferior):
    """The registry in this inferior's address space, or None: then it is no PiP process."""
    if not inferior.pid:
        return None
    address = address_of(inferior, MAPPING)
    return Registry(Memory(inferior), address) if address else None
