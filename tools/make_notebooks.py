"""Run the notebooks with their defaults and store the outputs in place: the only way that outputs get
committed.

Everything that would differ from machine to machine without a reason is kept out: no GPU, no timings, no
progress bars, no version of the interpreter. A notebook that fails, or that grows above 3 MB, is left as it
was.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import click
import nbformat
from featviz_helpers.common.files import write_text
from featviz_helpers.runner import jobs as selection
from featviz_helpers.runner import pages
from featviz_helpers.runner.notebook import KERNEL_ARGUMENTS
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from stamp import COLAB

MOST_BYTES = 3_000_000
ENVIRONMENT = {
    "TQDM_DISABLE": "1",
    "CUDA_VISIBLE_DEVICES": "-1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


def execute(notebook: nbformat.NotebookNode, folder: Path | None = None) -> nbformat.NotebookNode:
    """A copy of the notebook, run from top to bottom with its defaults and cleaned of noise.

    Args:
        notebook: the notebook.
        folder: where it runs, if it reads files by relative paths; an empty one by default.

    Raises:
        CellExecutionError, DeadKernelError: a cell failed.
    """
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        cell.metadata = {"tags": cell.metadata.tags} if cell.metadata.get("tags") else {}
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    with tempfile.TemporaryDirectory() as empty:  # what a cell writes stays out of notebooks/
        client = NotebookClient(
            copy,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,  # how prints are cut into messages differs from run to run
            extra_arguments=list(KERNEL_ARGUMENTS),
            resources={"metadata": {"path": str(folder or empty)}},
        )
        client.execute(env=os.environ | ENVIRONMENT)
    pages.take_widgets_out(copy)  # whose names are drawn anew in each run
    copy.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            **COLAB,
        }
    )
    return copy


def remake(path: Path, folder: Path | None = None) -> str:
    """Run one notebook and store it; returns one line that says what came of it.

    Raises:
        ValueError: the notebook failed or became too large; the file is as it was.
    """
    started = time.perf_counter()
    try:
        notebook = execute(nbformat.read(path, as_version=4), folder)
    except CellExecutionError as error:
        raise ValueError(f"{path.name}: not stored, a cell failed\n{error}") from None
    except DeadKernelError:
        raise ValueError(f"{path.name}: not stored, the kernel died (as a rule: out of memory)") from None
    text = nbformat.writes(notebook) + "\n"
    size = len(text.encode())
    if size > MOST_BYTES:
        raise ValueError(
            f"{path.name}: not stored: {size / 1e6:.1f} MB, at most {MOST_BYTES / 1e6:.0f} (smaller figures?)"
        )
    write_text(path, text)
    return f"{path.name}: {time.perf_counter() - started:.0f} s, {size / 1e6:.2f} MB"


@click.command()
@click.argument("notebooks", nargs=-1, metavar="[NOTEBOOK]...")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Run there: for notebooks/batch/report.ipynb, where the sweep is that it reports on.",
)
def main(notebooks: tuple[str, ...], folder: Path | None) -> None:
    """Regenerate the stored outputs of NOTEBOOK (a path or a number; default: all)."""
    try:
        paths = [selection.find(name) for name in notebooks] or selection.discover()
    except selection.CourseError as error:
        raise click.UsageError(str(error)) from None
    failed = False
    for path in paths:
        try:
            click.echo(remake(path, folder))
        except ValueError as error:
            failed = True
            click.echo(str(error), err=True)
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
