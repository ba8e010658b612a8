"""Errors of the command line: one sentence and an exit status, whatever the command."""

import errno
import re
import shlex
import signal
import subprocess
import sys
from importlib.metadata import version

import click
import pytest
from click.testing import CliRunner
from featviz_helpers.cli.command import EXTRAS, Command
from featviz_helpers.cli.main import main
from featviz_helpers.common.errors import MissingWeights, NotFinite
from featviz_helpers.data.images import save_image
from featviz_helpers.runner import jobs
from support.networks import pictures
from support.notebooks import write_notebook


def command(error):
    @click.command(cls=Command, stopped="What there is: {out}")
    @click.option("--out", default="here")
    def fail(out):
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (ValueError("k is 0; take 1 or more"), 2, "Error: k is 0; take 1 or more"),
        (MissingWeights("There is no weights file"), 2, "Error: There is no weights file"),
        (ConnectionError("no scheduler answers"), 1, "Error: no scheduler answers"),
        (OSError(errno.ENOSPC, "No space left on device", "out/run.json"), 1, "out/run.json: No space left on device"),
        (NotFinite("Channel 3 is not finite"), 1, "Error: Channel 3 is not finite"),
        (
            MemoryError("Unable to allocate 9 GiB"),
            1,
            "too little memory (Unable to allocate 9 GiB). Ask for smaller pictures, or for fewer at once.",
        ),
        (KeyboardInterrupt(), 130, "Stopped. What there is: here"),
        (ModuleNotFoundError("No module", name="dask.array"), 1, "pip install 'featviz-helpers[scale]'"),
        (
            ModuleNotFoundError("No module", name="torch"),
            1,
            "make lpips. Elsewhere: pip install 'featviz-helpers[lpips]'",
        ),
        (ModuleNotFoundError("No module", name="click"), 1, "'click', which is not installed: pip install click"),
    ],
)
def test_an_error_is_one_sentence_and_an_exit_status(error, status, says):
    done = CliRunner().invoke(command(error))
    assert done.exit_code == status, done.output
    assert isinstance(done.exception, SystemExit)
    assert done.output.splitlines()[-1].endswith(says)


@pytest.mark.parametrize("error", [ModuleNotFoundError("x", name="featviz_helpers.gone"), TypeError("a fault of ours")])
def test_a_fault_of_the_program_keeps_its_traceback(error):
    assert CliRunner().invoke(command(error)).exception is error


def test_a_cluster_that_stops_a_job_is_taken_for_ctrl_c():
    CliRunner().invoke(command(ValueError("any")))
    assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler


def test_sizes_that_fit_one_by_one_and_not_together_are_refused_before_a_network_is_loaded(tmp_path):
    request = ["--size", "16384", "--batch", "64", "--data", "shapes", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(main, ["exemplars", "auto", *request])
    assert done.exit_code == 2 and "--batch must be from 1 to 4; got 64" in done.output, done.output


def test_every_command_reports_its_errors_in_this_way():
    assert set(main.commands) == {
        "run",
        "fetch",
        "atlas",
        "class",
        "doctor",
        "distance",
        "exemplars",
        "study",
        "sweep",
        "results",
        "version",
    }
    group = main.commands["class"]
    assert set(group.commands) == {"new", "check", "release", "grade"}
    single = [command for command in main.commands.values() if command is not group]
    assert all(isinstance(command, Command) for command in (*single, *group.commands.values()))


def featviz_without(module, *arguments):
    """The command in a process that cannot import a module."""
    code = (
        "import sys; sys.modules[sys.argv.pop(1)] = None\n"
        "from featviz_helpers.cli.main import main; main(prog_name='featviz')"
    )
    given = [sys.executable, "-c", code, module, *map(str, arguments)]
    return subprocess.run(given, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize("module", [name for name, extra in EXTRAS.items() if extra == "scale"])
def test_a_sweep_without_its_extra_names_the_extra_and_the_command(tmp_path, module):
    book = write_notebook(tmp_path, "99_small", "print(NUMBER)", knobs="NUMBER: int = 0")
    plan, cluster = tmp_path / "plan.yaml", tmp_path / "cluster.yaml"
    plan.write_text(f"notebook: {book}\ngrid: {{NUMBER: [1]}}\noutput: {tmp_path / 'out'}")
    cluster.write_text("kind: local\njobs: 1")
    done = featviz_without(module, "sweep", plan, "--cluster", cluster)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"Error: 'featviz sweep' needs the package '{module}', which comes with the extra 'scale'. In the course's "
        "folder: make setup. Elsewhere: pip install 'featviz-helpers[scale]'"
    ]


def test_lpips_without_its_package_says_what_to_install_before_it_asks_for_weights(tmp_path, monkeypatch):
    monkeypatch.delenv("FEATVIZ_ASSETS", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    path = save_image(pictures(1, 40)[0], tmp_path / "a.png")
    done = featviz_without("lpips", "distance", path, path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "Error: LPIPS needs the package lpips, which is not installed. In the course's folder: make lpips. "
        "Elsewhere: pip install 'featviz-helpers[lpips]'. The bundled distance('shapesnet') needs neither."
    )


def test_the_help_lists_every_command_in_whole_sentences_with_examples_that_are_commands():
    said = CliRunner().invoke(main, ["-h"], terminal_width=80).output
    listed = dict(re.findall(r"^  (\w+) {2,}(\S.*)$", said.split("Commands:\n")[1].split("\n\n")[0], re.M))
    assert listed.keys() == main.commands.keys()
    assert [text for text in listed.values() if text.endswith("...") or not text.endswith(".")] == []
    examples = re.findall(r"^    featviz (\w+)(.*?)(?: {2,}.*)?$", said.split("Examples:\n")[1], re.M)
    assert len(examples) >= 5
    for name, words in examples:
        main.commands[name].make_parser(click.Context(main.commands[name])).parse_args(words.split())


@pytest.mark.parametrize("words", [["--version"], ["version"]])
def test_the_version_is_said_both_ways(words):
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0 and version("featviz-helpers") in done.output.splitlines()[0]


def test_a_notebook_is_described_and_not_run(tmp_path):
    cell = 'MODEL: str = "auto"  # @param ["auto", "lite0"] {allow-input: true, placeholder: "path"}\n'
    cell += 'STEPS: int = 96  # @param {type:"integer"}\nOTHERS: list[int] = [3]  # of the second row\nimport_me = 1'
    book = write_notebook(tmp_path, "99_small", "open('ran', 'w')", knobs=cell)
    done = CliRunner().invoke(main, ["run", "--describe", str(book), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in done.output.splitlines() if line.startswith("  ")}
    assert rows == {
        "MODEL": 'str = "auto" "auto", "lite0" or a path',
        "STEPS": "int = 96",
        "OTHERS": "list[int] = [3] of the second row",
        "import_me": "int = 1",
    }
    assert {path.name for path in tmp_path.iterdir()} == {book.name}
    # Its example is one that notebook 02 takes.
    example = shlex.split(done.output.splitlines()[-1].partition("featviz run ")[2])
    (job,) = jobs.prepare_jobs([jobs.find(example[0])], dict(zip(example[2::3], example[3::3], strict=True)))
    assert job.values["OTHERS"] == [3, 102] and job.values["STEPS"] == 48


def test_a_parameters_cell_that_is_a_program_is_never_executed(tmp_path):
    book = write_notebook(tmp_path, "99_small", "1", knobs=f"STEPS = open({str(tmp_path / 'ran')!r}, 'w')")
    done = CliRunner().invoke(main, ["run", "--describe", str(book)])
    assert done.exit_code == 2 and "is not a plain literal" in done.output
    assert not (tmp_path / "ran").exists()


def test_pictures_that_are_too_small_are_refused_with_a_sentence(tmp_path):
    path = str(save_image(pictures(1, 5)[0], tmp_path / "small.png"))
    done = CliRunner().invoke(main, ["distance", path, path, "--net", "ssim"])
    assert done.exit_code == 2
    assert done.output.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize("given", [
    "run 00 --out", "study --out", "exemplars auto --data shapes --out", "fetch lite0 --to", "sweep plan.yaml --out",
    "results . --to",
])  # fmt: skip
def test_no_name_is_no_folder(given, tmp_path, monkeypatch):
    """It was taken for the working folder, and written into."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text("")
    done = CliRunner().invoke(main, [*given.split(), ""])
    assert done.exit_code == 2 and "it is empty; name a f" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["plan.yaml"]
