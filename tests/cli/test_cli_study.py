"""`featviz study` from its options to its folder."""

import functools

import pytest
from click.testing import CliRunner
from featviz_helpers.cli.main import main
from featviz_helpers.metrics import answer_key


def featviz(*arguments):
    """The command in this process, which loads a network once."""
    return CliRunner(env={"FEATVIZ_KEEP_MODELS": "1"}).invoke(main, ["study", *map(str, arguments)])


@pytest.mark.slow
def test_the_command_writes_what_it_promises(tmp_path, monkeypatch):
    few = functools.partial(answer_key.Grader, count=320)  # test_answer_key.py asks how good its forest is
    monkeypatch.setattr(answer_key, "Grader", few)
    options = ["--count", 80, "--channels", "10 28", "--background", 2, "--methods", "none, Fourier", "--seeds", 1]
    done = featviz(*options, "--steps", 2, "--net", "pixels", "--k", 3, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"study.parquet", "controls.parquet", "summary.csv", "verdict.md", "curves.png", "controls.png"} <= names
    assert {"predictors.csv", "predictor_differences.csv", "pictures.jpg", "distances.parquet", "judged.csv"} <= names
    assert "## The verdict" in done.output
    assert "## The answer key" in done.output


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--channels", "10 x"), "--channels takes channel numbers"),
        (("--channels", "10 10"), "channels: 10 is given twice"),
        (("--net", "alexx"), "'alexx' is not one of"),
        (("--channels", "1 2", "--layer", "logits"), "has no map; the highest layer below it that has one is"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(tmp_path, options, says):
    refused = featviz("--count", 64, *options, "--out", tmp_path / "out")
    assert refused.exit_code == 2
    assert says in " ".join(refused.output.split())
    assert not (tmp_path / "out").exists()
