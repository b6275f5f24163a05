"""Where a task's own dynamic loader is, in a live process; for a program without one, where the program is."""

import struct

from . import elf

AT_BASE = 7
# Bytes of the ELF header that mean nothing and are never executed.
PADDING = 9


def _image(entry):
    """(file, how far it was moved), or None."""
    if entry.r_debug == 0:
        return entry.program, entry.load_bias
    path = None
    with open(f"/proc/{entry.memory.pid}/maps", errors="replace") as maps:
        for line in maps:
            words = line.split(maxsplit=5)
            start, end = (int(word, 16) for word in words[0].split("-"))
            if len(words) == 6:
                # `_r_debug` may lie behind the part that comes from the file.
                path = words[5].rstrip("\n")
            if start <= entry.r_debug < end:
                break
    offset = elf.symbols(path, ["_r_debug"]).get("_r_debug") if path else None
    return None if offset is None else (path, entry.r_debug - offset)


def first_stop(entry):
    """Where the task comes by when its program is in memory and has not begun: in its loader, which calls there when its
    list of libraries has changed, or at the start of a program without a loader."""
    image = _image(entry)
    if image is None:
        return None
    path, bias = image
    offset = elf.symbols(path, ["_dl_debug_state"]).get("_dl_debug_state") if entry.r_debug else elf.entry(path)
    return None if offset is None else bias + offset


def never_run(entry):
    """An address of the task's own where a breakpoint is never hit."""
    image = _image(entry)
    header = None if image is None else elf.header_address(image[0])
    return None if header is None else image[1] + header + PADDING


def base_of_root(entry):
    """Where the kernel says, of the root and all tasks, that the dynamic loader is."""
    with open(f"/proc/{entry.memory.pid}/auxv", "rb") as auxv:
        return dict(struct.iter_unpack("<QQ", auxv.read())).get(AT_BASE, 0)
