"""Run the cells of a notebook that was handed in, and go on after an error; a module to be run with `python -m`.

There is no kernel and no port: the cells run in this process, which a sandbox holds. What failed is said in one line
per cell on stderr, beginning with `MARK`, and `DONE` at the end.
"""

from __future__ import annotations

import sys
from pathlib import Path

MARK, BEGUN, DONE = "featviz cell", "featviz: the notebook is there", "featviz: all cells were run"


def run_cells(path: Path) -> int:
    """Run all code cells of a notebook in order; returns how many failed.

    Args:
        path: the notebook.
    """
    import nbformat
    from IPython.core.interactiveshell import InteractiveShell

    shell, failed = InteractiveShell.instance(colors="NoColor"), 0
    with path.open("rb"):  # what fails up to here is the fault of the machine, and what comes after the hand-in's
        print(BEGUN, file=sys.stderr, flush=True)
    for number, cell in enumerate(nbformat.read(path, as_version=4).cells, start=1):
        if cell.cell_type != "code":
            continue
        result = shell.run_cell(cell.source, store_history=False)
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            failed += 1
            print(f"{MARK} {number}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr, flush=True)
    print(DONE, file=sys.stderr, flush=True)
    return failed


if __name__ == "__main__":
    run_cells(Path(sys.argv[1]))
