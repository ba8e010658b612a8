"""What does a sweep cost beside the work of its notebooks?

Runs `featviz sweep` on a plan and watches it from outside: runs per second, what a run takes beyond its cells (kernel,
papermill, writing), the memory of the process with Dask's scheduler, and how long the same command takes when
everything is finished.
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import click
import nbformat
import psutil
from featviz_helpers.batch import finished_runs

EVERY = 0.5  # seconds between two looks at the memory
SAMPLE = 200  # executed notebooks that are read for the time of their cells


def sweep(plan: Path, out: Path, workers: int, options: tuple[str, ...]) -> tuple[float, list[float]]:
    """Run it; return its seconds and the megabytes of the main process at every look."""
    program = "from featviz_helpers.cli.main import main; main()"
    command = [sys.executable, "-c", program, "sweep", str(plan), "--out", str(out), "--workers", str(workers)]
    began, megabytes = time.monotonic(), []
    process = psutil.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        megabytes.append(process.memory_info().rss / 1e6)
        time.sleep(EVERY)
    if process.returncode:
        raise click.ClickException(f"the sweep ended with status {process.returncode}; see {out / 'sweep.log'}")
    return time.monotonic() - began, megabytes


def cells_s(path: Path) -> float:
    """Return the seconds that an executed notebook spent in its cells."""
    cells = nbformat.read(path, as_version=4).cells
    return sum(cell.metadata.get("papermill", {}).get("duration") or 0.0 for cell in cells)


@click.command(help=__doc__)
@click.argument("plan", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Empty, or not there.")
@click.option("--workers", default=2, show_default=True)
@click.option("--fresh", is_flag=True, help="A kernel for every run, as plain papermill has it, to compare.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def main(plan: Path, out: Path, workers: int, fresh: bool, as_json: bool) -> None:
    seconds, megabytes = sweep(plan, out, workers, ("--fresh",) if fresh else ())
    again, _ = sweep(plan, out, workers, ())
    found = finished_runs(out)
    step = max(1, len(found) // SAMPLE)
    spent = [(result["seconds"], cells_s(out / name / "run.ipynb")) for name, result in list(found.items())[::step]]
    report = {
        "runs": len(found),
        "workers": workers,
        "seconds": round(seconds, 1),
        "runs_per_s": round(len(found) / seconds, 2),
        "run_s": round(statistics.median(run for run, _ in spent), 3),
        "cells_s": round(statistics.median(cells for _, cells in spent), 3),
        "overhead_s": round(statistics.median(run - cells for run, cells in spent), 3),
        "main_process_mb": [round(megabytes[len(megabytes) // 4]), round(max(megabytes))],
        "all_finished_s": round(again, 1),
        "kb_per_run": round(sum(sum(result["files"].values()) for result in found.values()) / len(found) / 1e3, 1),
    }
    click.echo(json.dumps(report) if as_json else json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
