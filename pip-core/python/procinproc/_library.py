"""libpip_field.so, its functions, and its failures as exceptions. pip/field.h describes them."""

import ctypes
import errno
import os
from ctypes import POINTER, c_char, c_char_p, c_double, c_int, c_size_t, c_ssize_t, c_uint64, c_void_p
from pathlib import Path

NAME = "libpip_field.so"
MAX_DIMS = 8


class Error(Exception):
    """What went wrong, in a sentence."""


class Timeout(Error, TimeoutError):
    """It did not happen in time."""


class Ended(Error):
    """The exporter has ended, or withdrawn the array."""


class Gone(Error):
    """The step was overwritten, or never published."""


class Crowded(Error):
    """All places of readers are taken; views that are still alive hold them."""


class Info(ctypes.Structure):
    """struct pip_field_info"""

    _fields_ = [
        ("dtype", c_char * 8),
        ("pipid", c_int),
        ("ndim", c_int),
        ("shape", c_size_t * MAX_DIMS),
        ("strides", c_ssize_t * MAX_DIMS),
        ("places", c_int),
        ("live", c_int),
        ("has_step", c_int),
        ("newest", c_uint64),
    ]


_FAILURES = {
    errno.ETIMEDOUT: Timeout,
    errno.ENOENT: Timeout,
    errno.ECANCELED: Ended,
    errno.ESTALE: Gone,
    errno.EBUSY: Crowded,
}

_FUNCTIONS = {
    "pip_field_export": (c_int, [c_char_p, c_char_p, c_int, POINTER(c_size_t), c_int, POINTER(c_void_p)]),
    "pip_field_next": (c_void_p, [c_void_p]),
    "pip_field_current": (c_void_p, [c_void_p]),
    "pip_field_publish": (c_int, [c_void_p, c_uint64]),
    "pip_field_advance": (c_int, [c_void_p]),
    "pip_field_withdraw": (None, [c_void_p]),
    "pip_field_leave": (None, [c_void_p]),
    "pip_field_attach": (c_int, [c_int, c_char_p, c_double, POINTER(c_void_p)]),
    "pip_field_describe": (c_int, [c_void_p, POINTER(Info)]),
    "pip_field_wait": (c_int, [c_void_p, c_uint64, c_double, POINTER(c_uint64)]),
    "pip_field_hold": (c_int, [c_void_p, c_uint64, POINTER(c_void_p), POINTER(c_void_p)]),
    "pip_field_release": (None, [c_void_p]),
    "pip_field_detach": (None, [c_void_p]),
    "pip_field_message": (c_char_p, []),
}


def _candidates():
    """Where the library may be: named by the user, installed beside this module, in a build tree, where the loader looks."""
    if os.environ.get("PIP_FIELD_LIB"):
        return [os.environ["PIP_FIELD_LIB"]]
    # PREFIX/share/pip/python/procinproc, or pip-core/python/procinproc of the sources.
    above = Path(__file__).resolve().parents
    files = [above[4] / "lib" / NAME, above[3] / "target" / "release" / NAME]
    return [str(file) for file in files if file.is_file()] + [NAME]


def _load():
    reasons = []
    for name in _candidates():
        try:
            return ctypes.CDLL(name)
        except OSError as reason:
            reasons.append(str(reason))
    raise ImportError(f"{NAME} cannot be loaded ({'; '.join(reasons)}); set PIP_FIELD_LIB to its path")


_library = _load()
for _name, (_result, _arguments) in _FUNCTIONS.items():
    _function = getattr(_library, _name)
    _function.restype, _function.argtypes = _result, _arguments


def call(name, *arguments):
    """Calls pip_field_NAME; raises what its errno stands for."""
    code = getattr(_library, "pip_field_" + name)(*arguments)
    if code:
        message = _library.pip_field_message().decode()
        raise _FAILURES.get(code, Error)(message)


def get(name, *arguments):
    """The result of pip_field_NAME, which cannot fail."""
    return getattr(_library, "pip_field_" + name)(*arguments)
