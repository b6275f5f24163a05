"""Checks every element of many steps of writer.py. reader.py STEPS: the last step, or 0 for 300 steps, whichever come."""

import os
import sys

import numpy
import procinproc

last = int(sys.argv[1])
pattern = numpy.add.outer(100 * numpy.arange(40), numpy.arange(60))
try:
    procinproc.attach("no such name", timeout=0.05)
    sys.exit("something was attached that nobody exports")
except procinproc.Timeout as error:
    assert "no such name" in str(error), error
view = procinproc.attach("a", timeout=60)
assert view.shape == (40, 60) and view.places == 2 and view.task == 0, (view.shape, view.places, view.task)
kept, seen, step = None, 0, 0
while step < last if last else seen < 300:
    array = view.wait(step + 1, timeout=60)
    step, seen = view.step, seen + 1
    assert (array == pattern + 1000000 * step).all(), f"step {step} is torn"
    assert not array.flags.writeable
    if seen == 1:
        # A view of a view of the first step stays as it is, whatever is published since.
        kept = array[1:, ::2].T
        first = step
    del array
assert (kept == (pattern + 1000000 * first)[1:, ::2].T).all(), "a step changed while it was held"
more = view.hold(view.newest)
try:
    view.wait(0)
    sys.exit("three steps are held in two places")
except procinproc.Crowded as error:
    assert "2 places" in str(error), error
del more, kept
enough = procinproc.export("enough", numpy.zeros(1))
try:
    view.wait(2**63, timeout=60)
    sys.exit("a step came that was never published")
except procinproc.Ended:
    pass
assert not view.live
array = view.wait(0)
assert (array == pattern + 1000000 * view.step).all(), "the last step is not there after the exporter's end"
os.write(1, b"right\n")
