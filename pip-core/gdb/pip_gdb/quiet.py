"""How the other modules speak, and how they keep gdb from speaking meanwhile."""

import os

import gdb


class Quiet:
    """Within this block gdb prints no output (errors and warnings it does), asks nothing, accepts an executable that is
    not the kernel's idea of it, and reads no library's symbols unasked. Blocks may be nested."""

    depth = 0
    SETTINGS = (("confirm", "off"), ("pagination", "off"), ("exec-file-mismatch", "off"), ("auto-solib-add", "off"))

    def __enter__(self):
        Quiet.depth += 1
        if Quiet.depth > 1:
            return
        self.old = [(name, _as_text(gdb.parameter(name))) for name, _ in self.SETTINGS]
        for name, value in self.SETTINGS:
            gdb.execute(f"set {name} {value}", to_string=True)
        # What the end of an attach prints goes past gdb.execute's capture.
        gdb.flush()
        self.stdout = os.dup(1)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)

    def __exit__(self, *_):
        Quiet.depth -= 1
        if Quiet.depth > 0:
            return
        gdb.flush()
        os.dup2(self.stdout, 1)
        os.close(self.stdout)
        for name, value in self.old:
            gdb.execute(f"set {name} {value}", to_string=True)


def _as_text(value):
    return {True: "on", False: "off"}.get(value, value)


def note(text):
    gdb.write(f"[PiP: {text}]\n")


def quoted(path):
    """A path as one word of a gdb command."""
    return "".join("\\" + char if char in " \t\"'\\" else char for char in path)
