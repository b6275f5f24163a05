"""What is needed of an ELF file: 64 bit, little endian. A file that is damaged or not there has nothing."""

import struct

SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
SHT_DYNSYM = 11
PT_LOAD = 1


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def entry(path):
    """Where the program starts, before it is moved; or None."""
    data = read(path)
    return struct.unpack_from("<Q", data, 24)[0] if len(data) >= 64 else None


def header_address(path):
    """Where the ELF header comes to be, before the program is moved; or None."""
    data = read(path)
    try:
        table, size, count = struct.unpack_from("<Q14xHH", data, 32)
        for i in range(count):
            kind, _, offset, address = struct.unpack_from("<IIQQ", data, table + i * size)
            if kind == PT_LOAD and offset == 0:
                return address
    except struct.error:
        pass
    return None


def symbols(path, names):
    """Offsets of those dynamic symbols of `names` that the file has."""
    data = read(path)
    wanted = {name.encode(): name for name in names}
    found = {}
    try:
        table, size, count = struct.unpack_from("<Q10xHH", data, 40)
        sections = [SECTION.unpack_from(data, table + i * size) for i in range(count)]
        for section in sections:
            if section[1] != SHT_DYNSYM:
                continue
            strings = sections[section[6]][4]
            for at in range(section[4], section[4] + section[5], SYMBOL.size):
                name, _, _, place, value, _ = SYMBOL.unpack_from(data, at)
                text = data[strings + name : data.index(b"\0", strings + name)]
                if place and text in wanted:
                    found[wanted[text]] = value
    except (struct.error, IndexError, ValueError):
        # It ends too early.
        pass
    return found
