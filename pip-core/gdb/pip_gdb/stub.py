"""A tiny ELF file that leads gdb to a task's own list of libraries.

gdb finds the libraries of a process through DT_DEBUG of its executable, and falls back to the auxiliary vector. For a
task both would be the root's: /proc/PID/exe and auxv belong to the address space. So a task is attached with this file
as its executable. It has a section .dynamic with the one tag DT_DEBUG, and claims that it is loaded where the value of
that tag is, in memory, the address of the task's `_r_debug`: in the task's entry of the registry. It may also name a
function, for a breakpoint that belongs to this inferior only: one at a bare address would wander to others.
"""

import os
import struct

from . import loader

DT_DEBUG = 21
ET_EXEC, EM_X86_64 = 2, 62
SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_DYNAMIC = 1, 2, 3, 6
WRITE_ALLOC, ALLOC_EXEC = 3, 6
GLOBAL_FUNCTION = 0x12
HEADER_SIZE, SECTION_SIZE = 64, 64
CODE_SIZE = 16


def contents(own_path, pointer_address, functions):
    """The file for a `_r_debug` whose address is stored at `pointer_address`; with (name, address) of functions."""
    strings, parts, sections = [b""], [], [bytes(SECTION_SIZE)]

    def text(name):
        strings.append(name)
        return sum(len(each) + 1 for each in strings[:-1])

    def add(name, kind, flags, address, data, link=0, info=0, entry_size=0):
        offset = HEADER_SIZE + sum(map(len, parts))
        parts.append(data)
        fields = (text(name), kind, flags, address, offset, len(data), link, info, 8, entry_size)
        sections.append(struct.pack("<IIQQQQIIQQ", *fields))

    # The tag itself takes the eight bytes before its value.
    add(b".dynamic", SHT_DYNAMIC, WRITE_ALLOC, pointer_address - 8, struct.pack("<QQQQ", DT_DEBUG, 0, 0, 0), 0, 0, 16)
    if functions:
        add(b".interp", SHT_PROGBITS, 0, 0, own_path.encode() + b"\0")
        add(b".text", SHT_PROGBITS, ALLOC_EXEC, functions[0][1], bytes(CODE_SIZE))
        table = bytes(24)
        for name, address in functions:
            table += struct.pack("<IBBHQQ", text(name.encode()), GLOBAL_FUNCTION, 0, 3, address, CODE_SIZE)
        add(b".symtab", SHT_SYMTAB, 0, 0, table, 5, 1, 24)
    # The last section's own name has to be in it.
    strings_name = text(b".strtab")
    data = b"".join(each + b"\0" for each in strings)
    offset = HEADER_SIZE + sum(map(len, parts))
    sections.append(struct.pack("<IIQQQQIIQQ", strings_name, SHT_STRTAB, 0, 0, offset, len(data), 0, 0, 1, 0))
    table = offset + len(data)
    ident = b"\x7fELF" + bytes([2, 1, 1, 0]) + bytes(8)
    # No program headers, and fixed addresses: gdb must not move it to where the root was loaded.
    fields = (ET_EXEC, EM_X86_64, 1, 0, 0, table, 0, HEADER_SIZE, 56, 0, SECTION_SIZE, len(sections), len(sections) - 1)
    return ident + struct.pack("<HHIQQQIHHHHHH", *fields) + b"".join(parts) + data + b"".join(sections)


class Stub:
    """The file, which has no name on disk: as long as it is not closed, gdb can open it by its path."""

    def __init__(self, entry, function=None, thread=False):
        functions = [function] if function else []
        if not thread and (function or entry.r_debug == 0):
            # Without a list of libraries gdb takes the loader that .interp names for the one that the auxiliary vector
            # puts at the root's, and sets a breakpoint there, in memory that is the root's. This keeps it busy elsewhere.
            nowhere = None if entry.memory.core else loader.never_run(entry)
            if nowhere is not None:
                functions.append(("_dl_debug_state", (nowhere - loader.base_of_root(entry)) % 2**64))
        self.descriptor = os.memfd_create("pip-gdb", os.MFD_CLOEXEC)
        self.path = f"/proc/{os.getpid()}/fd/{self.descriptor}"
        os.write(self.descriptor, contents(self.path, entry.r_debug_pointer, functions))

    def close(self):
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        self.close()
