"""Build a replica of Colab's environment, and run every notebook's Colab path in it: the setup cell installs the
course.

The replica has Colab's versions of what the course computes with, Colab's old Jupyter, a stub of `google.colab`, and
neither the course nor what Colab lacks. Each notebook's setup cell installs these, from a wheel of this checkout in
the place of the published one. Python 3.13 is Colab's own; another one is said in the report.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import nbformat
from featviz_helpers.runner import jobs as selection
from featviz_helpers.runner.notebook import describe_failure
from nbclient import NotebookClient

from release import build, run
from stamp import COLAB_LACKS, ROOT

# As of 2026, from Colab itself; what stands without a version is there in some version that the course can use.
VERSIONS = (
    "tensorflow==2.20.*", "keras==3.13.*", "numpy==2.1.*", "ipython==7.34.*", "ipykernel==6.17.*", "ipywidgets==7.7.*",
    "pandas==2.2.*", "matplotlib==3.10.*", "scikit-image==0.25.*", "scikit-learn==1.6.*", "pillow==11.*",
    "click", "filelock", "fsspec", "h5py", "jinja2", "nbclient", "nbconvert", "nbformat", "pip", "platformdirs",
    "psutil", "pyarrow", "pydantic", "pyyaml", "requests", "scipy", "setuptools", "tabulate", "tenacity", "tqdm",
    "urllib3",
)  # fmt: skip
TORCH = ("torch==2.11.*", "torchvision")
COURSE = ("featviz-helpers", *(name.partition("==")[0] for name in COLAB_LACKS))
WHEEL = re.compile(r"https://\S+\.whl")


def make(folder: Path, python: str, torch: bool) -> Path:
    """Make the replica; return its interpreter."""
    uv, interpreter = Path(sys.executable).with_name("uv"), folder / "bin" / "python"
    if not interpreter.exists():
        run(uv, "venv", "--quiet", "--python", python, folder, cwd=ROOT)
    packages = VERSIONS + (TORCH if torch else ())
    run(uv, "pip", "install", "--quiet", "--python", interpreter, *packages, cwd=ROOT)
    site = Path(run(interpreter, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=ROOT))
    (site / "google" / "colab").mkdir(parents=True, exist_ok=True)
    (site / "google" / "colab" / "__init__.py").touch()
    (site / "google_colab.pth").write_text("import google.colab\n")  # in sys.modules before the first cell
    return interpreter


def try_notebook(path: Path, interpreter: Path, wheel: Path) -> str:
    """Run one notebook as a learner on Colab would; return what came of it in one line."""
    subprocess.run([interpreter, "-m", "pip", "uninstall", "--quiet", "--yes", *COURSE], capture_output=True)
    book = nbformat.read(path, as_version=4)
    (setup,) = (cell for cell in book.cells if "setup" in cell.metadata.get("tags", []))
    setup.source, count = WHEEL.subn(str(wheel), setup.source)
    if count != 1:
        return f"{path.name}: the setup cell installs no wheel: make stamp"
    # Nothing of this checkout, and no weights but those that the setup cell or the notebook brings.
    bare = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "FEATVIZ_ASSETS")}
    bare["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # else its debugger writes to this terminal
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as empty:
        client = NotebookClient(book, timeout=1800, kernel_name="python3", resources={"metadata": {"path": empty}})
        client.create_kernel_manager()
        client.km.kernel_spec.argv[0] = str(interpreter)
        try:
            client.execute(reset_kc=False, env=bare)
        except Exception as problem:  # of the notebook, whatever it is
            failure = describe_failure(problem)
            return f"{path.name}: FAILED: {failure['name']}: {failure['message']}"
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    red = "".join(output.text for output in outputs if output.get("name") == "stderr")
    return f"{path.name}: ran, {time.perf_counter() - started:.0f} s" + (f"; in red: {red[:300]}" if red else "")


@click.command()
@click.argument("notebooks", nargs=-1, metavar="[NOTEBOOK]...")
@click.option("--into", type=click.Path(path_type=Path), default=ROOT / "build" / "colab", show_default=True)
@click.option("--python", default="3.13", show_default=True, help="Interpreter of the replica.")
@click.option("--torch/--no-torch", default=True, show_default=True, help="Colab has it; here it takes 6 GB.")
def main(notebooks: tuple[str, ...], into: Path, python: str, torch: bool) -> None:
    """Run NOTEBOOK (a path or a number; default: all) on a replica of Colab."""
    interpreter = make(into.resolve(), python, torch)
    with tempfile.TemporaryDirectory() as folder:
        wheel = build(ROOT, Path(folder))
        click.echo(f"{run(interpreter, '--version', cwd=ROOT)}, {'with' if torch else 'WITHOUT'} torch, {wheel.name}")
        lines = []
        for path in [selection.find(name) for name in notebooks] or selection.discover(ROOT / "notebooks"):
            lines.append(try_notebook(path, interpreter, wheel))
            click.echo(lines[-1])
    raise SystemExit(any("FAILED" in line or "make stamp" in line for line in lines))


if __name__ == "__main__":
    main()
