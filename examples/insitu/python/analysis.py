"""Looks at the membrane of simulation.py where it is: the largest height and the energy's potential part, until it ends."""

import argparse

import numpy
import procinproc


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, default=2, help="ranks of the simulation (default 2)")
    parser.add_argument("--verbose", action="store_true", help="print every step that is seen")
    options = parser.parse_args()
    # The tasks are numbered like the ranks.
    parts = [procinproc.attach("height", task=rank, timeout=60) for rank in range(options.ranks)]
    seen, last = 0, 0
    while True:
        try:
            rows = [part.wait(last + 1) for part in parts]
        except procinproc.Ended:
            break
        if len({part.step for part in parts}) > 1:
            continue  # one rank was a step ahead
        last, seen = parts[0].step, seen + 1
        highest = max(block.max() for block in rows)
        slope = sum((numpy.diff(block, axis=1) ** 2).sum() for block in rows)
        if options.verbose:
            print(f"analysis: step {last}: highest {highest:.4f}, slope {slope:.4f}", flush=True)
        del rows
    print(f"analysis: {seen} steps seen, the last is {last}", flush=True)


if __name__ == "__main__":
    main()
