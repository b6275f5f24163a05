"""Reading another address space: a live process through /proc, or a core file through gdb.

Not everything through gdb: it cannot read while it is about to add a thread, and that is when new tasks are met.
"""

import os
import re

import gdb

LONGEST_PATH = 4096
PAGE = 4096


def is_core(inferior):
    return inferior.connection is not None and inferior.connection.type == "core"


class Memory:
    """The memory of an inferior. Addresses that cannot be read raise gdb.MemoryError."""

    def __init__(self, inferior):
        self.inferior = inferior
        self.pid = inferior.pid
        self.core = is_core(inferior)
        self.descriptor = -1
        if not self.core:
            try:
                self.descriptor = os.open(f"/proc/{self.pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                raise gdb.MemoryError(f"the memory of process {self.pid} cannot be read: {error.strerror}") from None

    def __del__(self):
        if self.descriptor >= 0:
            os.close(self.descriptor)

    def read(self, address, size):
        if self.core:
            return bytes(self.inferior.read_memory(address, size))
        try:
            data = os.pread(self.descriptor, size, address)
        except (OSError, OverflowError):
            data = b""
        if len(data) < size:
            raise gdb.MemoryError(f"there are no {size} bytes at {address:#x} in process {self.pid}")
        return data

    def word(self, address, size=8):
        return int.from_bytes(self.read(address, size), "little")

    def string(self, address):
        """A NUL-terminated string; what follows it may be unmapped."""
        text = b""
        while b"\0" not in text and len(text) < LONGEST_PATH:
            # Up to the next page's start, which may not be mapped.
            at = address + len(text)
            text += self.read(at, PAGE - at % PAGE)
        return text.split(b"\0")[0].decode(errors="surrogateescape")

    def executable(self):
        """The kernel's idea of the program, which is the root's for all, or None."""
        try:
            return None if self.core else os.readlink(f"/proc/{self.pid}/exe")
        except OSError:
            return None


def address_of(inferior, mapping):
    """Where the first mapping of this name begins, or None."""
    if not is_core(inferior):
        try:
            with open(f"/proc/{inferior.pid}/maps", errors="replace") as maps:
                return next((int(line.split("-")[0], 16) for line in maps if mapping in line), None)
        except OSError:
            return None
    # Only the selected inferior's mappings can be asked for; the core is loaded into that.
    try:
        text = gdb.execute("info proc mappings", to_string=True)
    except gdb.error:
        return None
    lines = [line for line in text.splitlines() if mapping in line]
    return int(re.match(r"\s*(0x[0-9a-f]+)", lines[0]).group(1), 16) if lines else None
