"""`featviz study` from its options to its folder."""

import functools

import pandas as pd
import pytest
from click.testing import CliRunner
from featviz_helpers.cli.main import main
from featviz_helpers.metrics import answer_key
from support.full_disk import full_disk


def featviz(*arguments):
    """The command in this process, which loads a network once."""
    return CliRunner(env={"FEATVIZ_KEEP_MODELS": "1"}).invoke(main, ["study", *map(str, arguments)])


OPTIONS = ["--count", 80, "--channels", "10 28", "--background", 2, "--methods", "none, Fourier", "--seeds", 1]
OPTIONS += ["--steps", 2, "--net", "pixels", "--k", 3]


@pytest.fixture
def few_pictures(monkeypatch):
    """A grader that learns from few pictures: test_answer_key.py asks how good its forest is."""
    monkeypatch.setattr(answer_key, "Grader", functools.partial(answer_key.Grader, count=320))


@pytest.mark.slow
def test_the_command_writes_what_it_promises(tmp_path, few_pictures):
    done = featviz(*OPTIONS, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"study.parquet", "controls.parquet", "summary.csv", "verdict.md", "curves.png", "controls.png"} <= names
    assert {"predictors.csv", "predictor_differences.csv", "pictures.jpg", "distances.parquet", "judged.csv"} <= names
    assert "## The verdict" in done.output
    assert "## The answer key" in done.output


@pytest.mark.slow
def test_a_full_disk_is_told_and_the_study_goes_on(tmp_path, few_pictures):
    """The tables, verdict.md and the figures named no file, and of pictures.jpg half was left without a word."""
    whole, out, named = tmp_path / "whole", tmp_path / "out", set()
    assert featviz(*OPTIONS, "--out", whole).exit_code == 0
    sizes = {path: path.stat().st_size for path in whole.glob("**/*") if path.is_file()}
    figures = [size for path, size in sizes.items() if path.suffix in (".png", ".jpg")]
    for size in (100, 2000, max(sizes.values()) // 2, max(figures) - 100):
        with full_disk(size):
            full = featviz(*OPTIONS, "--out", out)
        said = full.output.splitlines()[-1]
        assert full.exit_code == 1 and said.endswith(": File too large"), full.output
        named.add(said.removeprefix("Error: ").rsplit(":", 1)[0])
        assert not (out / "provenance.json").exists() and not list(out.glob("**/.*.part"))
    assert {path.rpartition(".")[2] for path in named} >= {"json", "jpg"}, named
    assert all(path.startswith(str(out)) for path in named)
    done = featviz(*OPTIONS, "--out", out)
    assert done.exit_code == 0, done.output
    assert {p.relative_to(out) for p in out.glob("**/*")} == {p.relative_to(whole) for p in whole.glob("**/*")}
    for name in ("study.parquet", "trial.parquet", "controls.parquet"):
        one, other = (pd.read_parquet(folder / name).drop(columns="seconds") for folder in (out, whole))
        pd.testing.assert_frame_equal(one, other, check_exact=True)


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
