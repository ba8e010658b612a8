"""Does a command that is killed and started again end where one ends that was left in peace?

`featviz COMMAND`, with the word OUT in place of its folder, runs once undisturbed. Then it is started in another folder
again and again, and SIGKILL hits it and all its children at a random moment, until it has come to its end; that folder
must equal the first in all but times. When kills are left over, the next folder begins.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import nbformat
import pandas as pd
from tqdm import tqdm

TIMES = {"started", "duration", "seconds", "command", "papermill", "date", "load"}


def start(arguments: list[str], out: Path) -> subprocess.Popen:
    """Start the command in a process group of its own."""
    command = [sys.executable, "-c", "from featviz_helpers.cli.main import main; main()"]
    command += [argument.replace("OUT", str(out)) for argument in arguments]
    return subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def content(path: Path) -> Any:
    """Return what is in a file, without times."""
    if path.suffix in (".parquet", ".csv"):
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
        return table.drop(columns=[name for name in table if name in TIMES]).to_json(
            orient="split", double_precision=15
        )
    if path.suffix == ".json":
        return _without_times(json.loads(path.read_text(encoding="utf-8")))
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        return [(cell.source, _without_times(cell.get("outputs", []))) for cell in cells]
    return path.read_bytes()


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_times(one) for key, one in value.items() if key not in TIMES}
    return [_without_times(one) for one in value] if isinstance(value, list) else value


def differences(one: Path, other: Path) -> list[str]:
    """Return the files that are in one folder alone, or differ; pages are made of what is compared here."""
    files = [{p.relative_to(folder) for p in folder.rglob("*") if p.is_file()} for folder in (one, other)]
    files = [{path for path in found if path.suffix not in (".html", ".lock")} for found in files]
    alone = files[0] ^ files[1]
    return sorted(
        map(str, alone | {path for path in files[0] & files[1] if content(one / path) != content(other / path)})
    )


@click.command(help=__doc__, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--work", type=click.Path(file_okay=False, path_type=Path), required=True, help="Empty, or not there.")
@click.option("--kills", default=20, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--earliest", default=3.0, show_default=True, help="Seconds: before that it only imports.")
def main(arguments: tuple[str, ...], work: Path, kills: int, seed: int, earliest: float) -> None:
    chance, whole = random.Random(seed), work / "whole"
    work.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    if start([*arguments], whole).wait():
        raise click.ClickException("the command fails by itself: try it without this script")
    whole_seconds = time.monotonic() - began
    hit, starts, ends, different = 0, 0, 0, set()
    with tqdm(total=kills, unit="kill") as bar:
        while hit < kills or not ends:
            out = work / f"killed_{ends}"
            starts += 1
            process = start([*arguments], out)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(earliest, whole_seconds) if hit < kills else None)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                hit += 1
                bar.update()
            elif process.returncode:
                raise click.ClickException(f"it does not go on in {out}: exit status {process.returncode}")
            else:
                different.update(differences(whole, out))
                shutil.rmtree(out)
                ends += 1
    report = {
        "kills": hit,
        "starts": starts,
        "ends": ends,
        "different": sorted(different),
        "seconds_undisturbed": round(whole_seconds, 1),
    }
    click.echo(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
