"""A small real notebook to sweep over, and the commands that do it."""

import json
import subprocess
import sys
import time

from click.testing import CliRunner
from featviz_helpers.cli.main import main
from support.notebooks import write_notebook

KNOBS = "NUMBERS: list[int] = [0]\nSECONDS: float = 0.0\nBYTES: int = 0\nMODEL: str = ''"
# Each time it is worked on leaves a mark; a number below 0 has no root, so that the notebook fails.
WORK = """
import os, time, uuid
import pandas as pd
assert "left_over" not in globals(), "the kernel did not forget the last notebook"
left_over = True
time.sleep(SECONDS)
open(os.path.join(os.environ["FEATVIZ_TEST"], "marks", f"{NUMBERS[0]}-{uuid.uuid4().hex}"), "w").close()
if NUMBERS[0] < 0:
    raise ValueError(f"no root of {NUMBERS[0]}")
with open("noise.bin", "wb") as file:
    file.write(os.urandom(BYTES))
log = open("log.txt", "w")
log.write("left open")
table = pd.DataFrame({"kernel": os.getpid(), "number": NUMBERS, "root": [n**0.5 for n in NUMBERS]})
table.to_parquet("results.parquet")
"""


def command(*arguments):
    """For a process of its own, to be killed."""
    return [sys.executable, "-c", "from featviz_helpers.cli.main import main; main()", *map(str, arguments)]


def featviz(*arguments):
    """The command in a process of its own, which closes what it wrote to when it ends."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=900)


def invoke(*arguments):
    """The command in this process, which is quicker by the imports; its workers are processes all the same."""
    return CliRunner().invoke(main, list(map(str, arguments)))


def writer(folder):
    """Return what writes folder/plan.yaml for a grid; FEATVIZ_TEST must name the folder when it is swept."""
    (folder / "marks").mkdir()

    def plan(grid, extra="", out=folder / "out", **parameters):
        book = write_notebook(folder, "99_roots", WORK, knobs=KNOBS)
        path = folder / "plan.yaml"
        lines = [f"notebook: {book}", f"parameters: {json.dumps(parameters)}", f"grid: {grid}", f"output: {out}", extra]
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return plan


def marks(folder):
    """How often each number was worked on."""
    counts = {}
    for path in (folder / "marks").iterdir():
        number = int(path.name.rsplit("-", 1)[0])
        counts[number] = counts.get(number, 0) + 1
    return counts


def wait_for(condition, process=None, seconds=120):
    """Wait until something holds; fail at once if the process that should bring it about has ended."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        assert process is None or process.poll() is None, "it ended too early"
        time.sleep(0.1)
