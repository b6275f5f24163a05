"""gdb for Process-in-Process: every task as an inferior with the symbols of its own program and libraries."""

import gdb

from . import commands, launch, session


def install():
    commands.register()
    launch.install()
    # Tasks wait for each other; and their text is in one address space, so nobody may run over a breakpoint that was
    # taken out for somebody else's step.
    gdb.execute("set schedule-multiple on")
    gdb.execute("set displaced-stepping off")
    gdb.events.inferior_deleted.connect(session.forget)
    gdb.events.before_prompt.connect(session.before_prompt)
    for command in ("attach", "core-file"):
        hook = "after_attach" if command == "attach" else "begin"
        gdb.execute(f"define hookpost-{command}\npython pip_gdb.session.{hook}()\nend", to_string=True)
