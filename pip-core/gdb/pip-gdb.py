"""Teaches gdb about PiP tasks; the command pip-gdb starts gdb with it. The parts are in pip_gdb beside it."""

import os
import sys

folder = os.path.dirname(os.path.realpath(__file__))
if folder not in sys.path:
    sys.path.insert(0, folder)
# The folder may be the system's, or a checkout: nothing is written there.
writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
import pip_gdb

sys.dont_write_bytecode = writes
pip_gdb.install()
