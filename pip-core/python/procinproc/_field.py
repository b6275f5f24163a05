"""Exporting and attaching, as numpy arrays."""

import ctypes
import weakref

import numpy

from procinproc._library import MAX_DIMS, Ended, Error, Gone, Info, call, get

_ANY = -750  # PIP_PIPID_ANY
_NO_STEP = 2**64 - 1


def _seconds(timeout):
    return -1.0 if timeout is None else max(0.0, float(timeout))


def _number(step):
    """A step as the library takes it: ctypes itself would drop what does not fit."""
    if not 0 <= step < _NO_STEP:
        raise Error(f"step {step}: steps are numbers from 0 to 2^64 - 2")
    return int(step)


class _Memory:
    """Memory as numpy's array interface; what keeps it in place is kept alive by every array made of it."""

    def __init__(self, address, dtype, shape, strides, keeper, writable):
        self._keeper = keeper
        self.__array_interface__ = {
            "version": 3,
            "data": (address, not writable),
            "typestr": dtype,
            "shape": tuple(shape),
            "strides": strides,
        }


class Field:
    """An array that this task exports. Arrays got from it must not be used any more once the field was withdrawn."""

    def __init__(self, name, dtype, shape, buffers):
        self.name, self.dtype, self.shape = name, numpy.dtype(dtype), tuple(shape)
        if len(self.shape) > MAX_DIMS:
            raise Error(f"{len(self.shape)} dimensions: an array that is exported has at most {MAX_DIMS}")
        handle, sizes = ctypes.c_void_p(), (ctypes.c_size_t * len(self.shape))(*self.shape)
        code = self.dtype.str.encode()
        call("export", name.encode(), code, len(self.shape), sizes, buffers, ctypes.byref(handle))
        self._handle = handle
        self._next = None

    def _live(self):
        if self._handle is None:
            raise Error(f"{self.name!r} was withdrawn or left already")
        return self._handle

    def _array(self, address, writable):
        return numpy.asarray(_Memory(address, self.dtype.str, self.shape, None, self, writable))

    @property
    def next(self):
        """The array to write the next step into; its old contents are not those of the last step. Read-only once published."""
        if self._next is None:
            self._next = self._array(get("next", self._live()), True)
        return self._next

    @property
    def current(self):
        """The array that was finished last, read-only, or None."""
        address = get("current", self._live())
        return None if not address else self._array(address, False)

    def publish(self, step):
        """Lets readers see `next` as `step`, and goes on with another array. Never waits."""
        call("publish", self._live(), _number(step))
        self._turn()

    def advance(self):
        """Goes on with another array without letting anybody see this one."""
        call("advance", self._live())
        self._turn()

    def _turn(self):
        if self._next is not None:
            self._next.flags.writeable = False
            self._next = None

    def put(self, step, array):
        """Copies an array in and publishes it."""
        numpy.copyto(self.next, array, casting="same_kind")
        self.publish(step)

    def leave(self):
        """No more steps: what was published stays until this task ends."""
        self._end("leave")

    def withdraw(self):
        """Takes the name and all steps back; views that others hold stay valid."""
        self._end("withdraw")

    def _end(self, how):
        handle, self._handle = self._live(), None
        self._turn()
        _exported.discard(self)
        get(how, handle)


def export(name, array, buffers=4):
    """Exports an array of the type and shape of `array`; its contents become `next`, to be published or overwritten.

    With n buffers n - 2 steps can be held by readers at a time. The field stays until the task ends, or `withdraw`.
    """
    array = numpy.asarray(array)
    field = Field(name, array.dtype, array.shape, buffers)
    field.next[...] = array
    _exported.add(field)
    return field


# A field that nobody keeps would be collected while others read it by name.
_exported = set()


class _Attached:
    """The library's handle of a view, freed with the last user."""

    def __init__(self, name, task, timeout):
        handle = ctypes.c_void_p()
        call("attach", _ANY if task is None else task, name.encode(), _seconds(timeout), ctypes.byref(handle))
        self.handle = handle
        weakref.finalize(self, get, "detach", handle)


class _Held:
    """A step that nobody writes while this lives."""

    def __init__(self, attached, step):
        handle, data = ctypes.c_void_p(), ctypes.c_void_p()
        call("hold", attached.handle, step, ctypes.byref(handle), ctypes.byref(data))
        self.address = data.value
        weakref.finalize(self, get, "release", handle)


class View:
    """Another task's array. Every array got from it is a step that stays as it is while the array, or one made of it, lives."""

    def __init__(self, name, task, timeout):
        self.name = name
        self._attached = _Attached(name, task, timeout)
        info = self._info()
        self.task, self.dtype = info.pipid, numpy.dtype(info.dtype.decode())
        self.shape, self._strides = tuple(info.shape[: info.ndim]), tuple(info.strides[: info.ndim])
        #: The step of the array that was got last, or None.
        self.step = None

    def _info(self):
        info = Info()
        call("describe", self._attached.handle, ctypes.byref(info))
        return info

    @property
    def newest(self):
        """The newest step, or None before the first."""
        info = self._info()
        return info.newest if info.has_step else None

    @property
    def live(self):
        """Whether there may be more steps."""
        return bool(self._info().live)

    @property
    def places(self):
        """How many steps all readers together can hold at a time."""
        return self._info().places

    def hold(self, step):
        """The array of a step that was published and is still there."""
        held = _Held(self._attached, _number(step))
        self.step = step
        return numpy.asarray(_Memory(held.address, self.dtype.str, self.shape, self._strides, held, False))

    def wait(self, step=0, timeout=None):
        """The newest array, once `step` or a later one was published; `step` says which it is. None waits for ever."""
        newest = ctypes.c_uint64()
        while True:
            call("wait", self._attached.handle, _number(step), _seconds(timeout), ctypes.byref(newest))
            try:
                return self.hold(newest.value)
            except Gone:
                # The exporter was faster, and has published another one; unless it has withdrawn all.
                if self.newest == newest.value:
                    raise

    def steps(self, timeout=None):
        """Iterates over the newest array each time there is a newer one, until the exporter ends: (step, array)."""
        step = 0
        while True:
            try:
                array = self.wait(step, timeout)
            except Ended:
                return
            step = self.step + 1
            yield self.step, array
            # The caller may have kept it; this must not.
            del array


def attach(name, task=None, timeout=None):
    """Another task's array of this name; waits until it is exported. `task`: whose, if several export the name."""
    return View(name, task, timeout)
