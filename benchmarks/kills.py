"""Is anything lost when anything is killed?

A sweep is started again and again until all its runs are finished, and meanwhile SIGKILL hits kernels, workers and the
sweep itself (with Dask's scheduler inside) at random moments. A run that was once seen finished must stay as it is.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from pathlib import Path

import click
import psutil
from featviz_helpers.batch import RunFolders, finished_runs
from featviz_helpers.batch.result_file import RESULT
from tqdm import tqdm

MARK = "FEATVIZ_KILLS"  # every process of the sweep inherits it, so that orphans are found too
PATIENCE = 60  # seconds for the last processes to go


def family(mark: str) -> dict[str, list[psutil.Process]]:
    """Return the processes that belong to the sweep, by kind."""
    found = {"kernel": [], "worker": [], "sweep": []}
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) != mark:
                continue
            words = " ".join(process.cmdline())
        except psutil.Error:
            continue
        kind = "kernel" if "ipykernel" in words else "sweep" if "featviz_helpers.cli" in words else "worker"
        if "resource_tracker" not in words:
            found[kind].append(process)
    return {kind: processes for kind, processes in found.items() if processes}


@click.command(help=__doc__)
@click.argument("plan", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Empty, or not there.")
@click.option("--kills", default=50, show_default=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--pause", nargs=2, type=float, default=(0.5, 5.0), show_default=True, help="Seconds between two kills.")
@click.option("--seed", default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def main(
    plan: Path, out: Path, kills: int, workers: int, pause: tuple[float, float], seed: int, as_json: bool
) -> None:  # fmt: skip
    chance, mark, folders = random.Random(seed), uuid.uuid4().hex, RunFolders(out.resolve())
    command = [sys.executable, "-c", "from featviz_helpers.cli.main import main; main()", "sweep", str(plan)]
    command += ["--out", str(out), "--workers", str(workers)]
    began, hit, seen, starts = time.monotonic(), Counter(), {}, 0
    changed, calm = set(), 0

    def look() -> None:
        for name in folders.subfolders("runs", 2):
            if folders.result(name):
                about = (folders.local / name / RESULT).stat()
                if seen.setdefault(name, (about.st_ino, about.st_mtime_ns)) != (about.st_ino, about.st_mtime_ns):
                    changed.add(name)
        changed.update(name for name in seen if folders.result(name) is None)

    bar = tqdm(total=kills, unit="kill", disable=as_json)
    code = None
    while code != 0:
        starts += 1
        sweep = subprocess.Popen(
            command, env=os.environ | {MARK: mark}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while sweep.poll() is None:
            time.sleep(chance.uniform(*pause))
            look()
            kinds = family(mark)
            if hit.total() < kills and kinds:
                kind = chance.choice(sorted(kinds))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chance.choice(kinds[kind]).pid, signal.SIGKILL)
                    hit[kind] += 1
                    bar.update()
        code = sweep.returncode
        calm = calm + 1 if hit.total() == kills else 0
        if code == 2 or calm > 3:
            raise click.ClickException("the sweep does not come to its end by itself: try it without this script")
    look()
    until = time.monotonic() + PATIENCE
    while family(mark) and time.monotonic() < until:
        time.sleep(0.5)
    report = {
        "kills": hit.total(),
        **{f"{kind}s_killed": hit[kind] for kind in ("kernel", "worker", "sweep")},
        "starts": starts,
        "runs": len(finished_runs(out)),
        "lost_or_done_again": len(changed),
        "processes_left": sum(map(len, family(mark).values())),
        "seconds": round(time.monotonic() - began, 1),
    }
    click.echo(json.dumps(report) if as_json else json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
