"""Writes steps whose elements are known: element (i, j) of step s is 1000000 s + 100 i + j.
writer.py STEPS DTYPE: none after STEPS, or as many as it takes until a reader exports "enough" (0)."""

import sys

import numpy
import procinproc

steps, dtype = int(sys.argv[1]), numpy.dtype(sys.argv[2])
pattern = numpy.add.outer(100 * numpy.arange(40), numpy.arange(60))
field = procinproc.export("a", numpy.zeros((40, 60), dtype))
try:
    procinproc.export("a", numpy.zeros(3))
    sys.exit("a name was exported twice")
except procinproc.Error as error:
    assert '"a"' in str(error), error
step = 0
while step < steps if steps else True:
    step += 1
    if step % 2:
        array = field.next
        array[...] = numpy.nan if dtype.kind == "f" else 0
        array[...] = pattern + 1000000 * step
        field.publish(step)
        assert not array.flags.writeable and field.current[3, 4] == 304 + 1000000 * step
    else:
        field.put(step, pattern + 1000000 * step)
    if not steps:
        try:
            procinproc.attach("enough", timeout=0)
            break
        except procinproc.Error:
            pass
for wrong in (step, 0, -1, 2**64):
    try:
        field.publish(wrong)
        sys.exit(f"step {wrong} was published after {step}")
    except procinproc.Error:
        pass
if steps:
    # A reader that has seen the last step says so.
    procinproc.attach("enough", timeout=60)
field.leave()
