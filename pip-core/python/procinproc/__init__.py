"""Arrays that tasks of one address space share by name, without copies.

One task writes an array step by step and never waits for anybody; others read the steps in place:

    u = procinproc.export("u", numpy.zeros((512, 512)))     # in the simulation
    for step in range(1, 1001):
        solve(u.current, u.next)                            # or: u.put(step, array)
        u.publish(step)

    u = procinproc.attach("u")                              # in the analysis
    view = u.wait(1)                                        # the newest step, read-only, held while the view lives
    print(u.step, view.mean())

Programs become tasks by `pip-mpiexec -n 2 pip-python simulation.py : -no-rank pip-python analysis.py`.
"""

from procinproc._field import Field, View, attach, export
from procinproc._library import Crowded, Ended, Error, Gone, Timeout

__all__ = ["Crowded", "Ended", "Error", "Field", "Gone", "Timeout", "View", "attach", "export"]
