"""A wave on a square membrane, rows dealt to the MPI ranks of mpi4py; every rank exports its rows as "height".

pip-mpiexec -n 2 pip-python simulation.py : -no-rank pip-python analysis.py
"""

import argparse

import numpy
import procinproc
from mpi4py import MPI


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=300, help="points per side (default 300)")
    parser.add_argument("--steps", type=int, default=2000, help="steps (default 2000)")
    parser.add_argument("--every", type=int, default=20, help="the analysis sees one step in N (default 20)")
    options = parser.parse_args()
    comm = MPI.COMM_WORLD
    rank, ranks = comm.rank, comm.size
    # Whole rows of the grid, between one ghost row above and one below; the border of the membrane is fixed.
    begin, end = (options.size * part // ranks for part in (rank, rank + 1))
    y, x = numpy.mgrid[begin - 1 : end + 1, 0 : options.size] / options.size
    before = numpy.exp(-((x - 0.4) ** 2 + (y - 0.3) ** 2) * 400)
    now = before.copy()
    up, down = (neighbour if 0 <= neighbour < ranks else MPI.PROC_NULL for neighbour in (rank - 1, rank + 1))

    height = procinproc.export("height", now[1:-1])
    for step in range(1, options.steps + 1):
        comm.Sendrecv(now[1], up, recvbuf=now[-1], source=down)
        comm.Sendrecv(now[-2], down, recvbuf=now[0], source=up)
        if up == MPI.PROC_NULL:
            now[0] = 0
        if down == MPI.PROC_NULL:
            now[-1] = 0
        inner = now[1:-1, 1:-1]
        around = now[:-2, 1:-1] + now[2:, 1:-1] + now[1:-1, :-2] + now[1:-1, 2:] - 4 * inner
        before[1:-1, 1:-1] = 2 * inner - before[1:-1, 1:-1] + 0.2 * around
        before, now = now, before
        if step % options.every == 0:
            height.put(step, now[1:-1])
            if rank == 0 and step % (10 * options.every) == 0:
                print(f"simulation: step {step} of {options.steps}", flush=True)
    # The analysis may be behind.
    height.leave()


if __name__ == "__main__":
    main()
