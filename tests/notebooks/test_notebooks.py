"""The real notebooks: anatomy, stored outputs, figures, and a run with other parameters than the defaults."""

import base64
import io
import os
import runpy
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from featviz_helpers.batch.kernel import Kernel
from featviz_helpers.runner import course
from featviz_helpers.runner import jobs as selection
from PIL import Image
from support.nbval_measured import FEW, PICTURES, difference, forgiving
from support.notebooks import stdout, whole_notebook

from lint_notebooks import problems
from make_notebooks import ENVIRONMENT, execute

NOTEBOOKS = selection.discover(selection.CHECKOUT / "notebooks")
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
# Those of Part II take as long with other parameters as a test of their stored outputs does.
each_or_nightly = pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.nightly) if path.stem >= "10" else path for path in NOTEBOOKS],
    ids=lambda path: path.stem,
)
some = pytest.mark.skipif(not NOTEBOOKS, reason="notebooks/ is empty")


@pytest.fixture(scope="session")
def kernel():
    """One for all notebooks, as a sweep does: TensorFlow is imported once, what two notebooks compile compiled once."""
    kept = Kernel(course.environment(threads=None))
    yield kept
    kept.stop()


def pictures(notebook):
    return [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if {"image/png", "image/jpeg"} & output.get("data", {}).keys()
    ]


def nbval(path, folder):
    """nbval over one notebook, in a process of its own: outside its root folder nbval cannot tell notebooks apart."""
    command = [
        sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "-q",
        "--nbval-sanitize-with", str(selection.CHECKOUT / "tests" / "support" / "nbval_sanitize.cfg"),
        "-p", "support.nbval_measured", "-o", "filterwarnings=", "-o", "addopts=",
        "--rootdir", str(folder), str(path),
    ]  # fmt: skip
    # With an IPython folder of its own, because nbval lets its kernels write a history to the one in the home folder.
    own = {"PYTHONPATH": str(selection.CHECKOUT / "tests"), "IPYTHONDIR": str(folder / ".ipython")}
    environment = os.environ | ENVIRONMENT | own
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)


def test_plain_nbval_runs_in_the_environment_of_stored_outputs(monkeypatch):
    """Without TQDM_DISABLE the bar of notebook 00 was an output that nobody had stored."""
    for name in ENVIRONMENT:
        monkeypatch.setenv(name, "of the shell")
    runpy.run_path(str(selection.CHECKOUT / "notebooks" / "conftest.py"))
    assert {name: os.environ[name] for name in ENVIRONMENT} == ENVIRONMENT


@some
@each
def test_anatomy(path):
    assert problems(path) == []


@some
@each
def test_outputs_are_really_there(path):
    """nbval passes a stripped notebook without checking anything."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert pictures(notebook), "not one stored picture"
    kinds = {output.output_type for cell in code for output in cell.outputs}
    assert "stream" in kinds, "no printed output: nothing for nbval to compare"


@some
@each
@pytest.mark.slow
def test_stored_outputs_are_what_comes_out_now(path, tmp_path):
    done = nbval(path, folder=tmp_path)
    assert done.returncode == 0, done.stdout[-5000:]


@some
@each_or_nightly
@pytest.mark.slow
def test_it_runs_with_other_parameters(path, tmp_path, root, kernel, monkeypatch):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # a kernel that finds it shows no red box for what C++ prints
    profile = selection.read_profile(root / "tests" / "support" / "changed_parameters.yaml")
    (job,) = selection.prepare_jobs([path], profile=profile)
    defaults = {name: parameter.default for name, parameter in job.parameters.items()}
    assert job.values != defaults, f"{job.path.name}: changed_parameters.yaml changes nothing"
    kernel.run(nbformat.reads(job.text, as_version=4), job.values, tmp_path, limit_s=None)
    assert red_boxes(nbformat.read(tmp_path / "run.ipynb", as_version=4)) == []


# Binder's two gigabytes, as a container of version 2 shows them, and what a notebook has taken at most.
SMALL = """
from pathlib import Path
from featviz_helpers.common import memory
memory.GROUPS = Path({folder!r})
"""
PEAK = "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"


@some
@each
@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the peak")
def test_it_fits_into_binder(path, tmp_path, root, monkeypatch):
    """Binder ends what takes more than 2 GiB; JupyterLab's server takes 0.1 of them."""
    for line in subprocess.check_output([root / "binder" / "start", "env"], text=True).splitlines():
        name, _, value = line.partition("=")
        if name.isupper() and os.environ.get(name) != value:
            monkeypatch.setenv(name, value)
    (tmp_path / "memory.max").write_text(str(2 * 2**30))
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(SMALL.format(folder=str(tmp_path))))
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK))
    peak = int(execute(notebook).cells[-1].outputs[0].text) * 1024
    assert peak < 2_000_000_000, f"{path.stem} took {peak / 1e9:.2f} GB"


def red_boxes(notebook):
    """What stands on stderr: TensorFlow's news of a card that is not there, a warning, a bar in letters."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return [output.text for output in outputs if output.get("name") == "stderr"]


def png(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def test_comparison_forgives_noise_and_notices_another_picture():
    rng = np.random.default_rng(0)
    rows = np.broadcast_to(127.5 + 120 * np.sin(np.arange(256) / 8)[:, None, None], (256, 256, 3))
    figure = rows.astype(np.uint8)
    noisy = np.clip(rows + rng.normal(0, 20, rows.shape), 0, 255).astype(np.uint8)
    half = figure.copy()
    half[:, 128:] = 255  # one of two panels is missing
    assert difference(png(figure), png(figure)) == 0
    assert difference(png(figure), png(noisy)) < PICTURES / 2
    assert difference(png(figure), png(figure.transpose(1, 0, 2))) > 2 * PICTURES
    assert difference(png(figure), png(half)) > 2 * PICTURES
    assert difference(png(figure), png(figure[:200])) == 1


@pytest.mark.slow
def test_nbval_forgives_a_last_digit_and_notices_another_text_and_another_figure(tmp_path):
    path = whole_notebook(tmp_path)
    book = nbformat.read(path, as_version=4)
    figure = "import matplotlib.pyplot as plt\n_ = plt.imshow([[0, 1], [1, 0]], cmap='gray')"
    sources = ("print('share 0.41')", "print(7)", figure)
    book.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    stored = execute(book)
    stored.cells[0].source = "print('share 0.43')"
    nbformat.write(stored, path)
    good = nbval(path, folder=tmp_path)
    assert good.returncode == 0, good.stdout
    stored.cells[1].outputs = [stdout("8\n")]
    stored.cells[2].source = figure.replace("[1, 0]]", "[1, 1]]")
    nbformat.write(stored, path)
    bad = nbval(path, folder=tmp_path)
    assert bad.returncode == 1
    assert "2 failed, 1 passed" in bad.stdout
    assert "image/png" in bad.stdout


@pytest.mark.parametrize(
    ("now", "stored", "same"),
    [
        ("without 18%", "without 17%", True),
        ("without 18%", "without 11%", False),
        ("value 0.7", "value 0.6", True),
        ("value 0.9", "value 0.6", False),
        ("loss 3.2e-05", "loss 3.1e-05", True),
        ("loss 3.2e-04", "loss 3.1e-05", False),
        ("4 channels", "5 channels", False),
        ("(4, 224, 224, 3)", "(4, 225, 224, 3)", False),
        ("12.1 of 12.9", "12.2 of 13.0", True),
        ("12.1", "12.1 and 3.0", False),
        ("clearer 0.50", "darker 0.50", False),
        ("a  0.99\nb  9.99", "a   0.99\nb  10.00", True),
        ("ab 0.99", "a b 0.99", False),
        ("right 0.12", "right 0.08", False),
    ],
)
def test_a_measured_number_may_differ_a_little_and_a_count_may_not(now, stored, same):
    assert (forgiving(now, stored) == stored) == same


@pytest.mark.parametrize(("now", "same"), [("right 0.17", True), ("right 0.29", False), ("wrong 0.08", False)])
def test_a_share_of_few_pictures_may_differ_by_one_picture(now, same):
    assert (forgiving(now, "right 0.08", FEW) == "right 0.08") == same


def test_execute_stores_outputs_without_noise(tmp_path):
    book = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("import os\nprint('one')\nprint(os.environ['CUDA_VISIBLE_DEVICES'])"),
            nbformat.v4.new_code_cell("2 + 2", metadata={"tags": ["thumbnail"], "x": 1}),
        ],
        metadata={"papermill": {"duration": 1}, "language_info": {"name": "python", "version": "3.9.1"}},
    )
    ids = [cell.id for cell in book.cells]
    done = execute(book)
    assert [cell.execution_count for cell in done.cells] == [1, 2]
    assert done.cells[0].outputs[0].text == "one\n-1\n"
    assert done.cells[1].outputs[0].data["text/plain"] == "4"
    assert [cell.id for cell in done.cells] == ids
    assert [cell.metadata for cell in done.cells] == [{}, {"tags": ["thumbnail"]}]
    assert done.metadata.language_info == {"name": "python"}
    assert "papermill" not in done.metadata
    assert book.cells[0].outputs == [], "the notebook given is left as it is"
