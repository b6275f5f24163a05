//! The man page of `pip-gdb`, which itself is a script around gdb (`pip-core/gdb`).

use crate::manual::{self, Tool};
use clap::Arg;

/// The page.
pub fn tool() -> Tool {
    Tool {
        command: manual::command("pip-gdb", "Debug the tasks of PiP with gdb")
            .disable_help_flag(true)
            .arg(Arg::new("ARGS").num_args(0..).allow_hyphen_values(true).help("Arguments of gdb(1)")),
        sections: &[
            (
                "Description",
                "gdb 13 or newer with a script that knows tasks. Attached to a root or to one of its tasks, it shows every task as \
                 an inferior (in thread mode: every task's threads) with the symbols of its own program and libraries. A core file of \
                 one task opens with that task's program.",
            ),
            (
                "Commands",
                "    pip tasks                     the tasks, their PIDs and programs\n    pip task N|root               go to one\n    pip attach                    take in tasks that came later\n    pip detach                    leave them all\n    set pip-auto-attach on|off    whether attaching to one takes them all (on)",
            ),
            ("Environment", "PIP_GDB_GDB names another gdb."),
            (
                "Examples",
                "    pip-gdb -p $(pgrep -n pip-exec)\n    pip-gdb -batch -p 18741 -ex 'thread apply all bt'\n    pip-gdb -c core\n    pip-gdb --args pip-exec -n 2 ./prog",
            ),
            ("See also", "gdb(1), pips(1), libpip(7)"),
        ],
    }
}
