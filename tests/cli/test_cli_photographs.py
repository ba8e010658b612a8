"""`--data photographs` on the command line."""

from dataclasses import replace

import featviz_helpers as fv
import pytest
from click.testing import CliRunner
from featviz_helpers.cli.exemplars import open_data
from featviz_helpers.cli.main import main
from featviz_helpers.data import photographs


def featviz(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_the_help_says_that_it_is_a_small_world():
    said = " ".join(featviz("exemplars", "--help").output.split())
    assert "--data photographs needs no network and is a small world" in said


def test_what_is_left_out_is_said_in_a_line(monkeypatch, capsys):
    gone = replace(photographs.PHOTOGRAPHS[2], file="gone.png")
    monkeypatch.setattr(photographs, "PHOTOGRAPHS", (*photographs.PHOTOGRAPHS[:2], gone))
    data = open_data("photographs", "squash", 1)
    assert set(data.labels) == {"astronaut", "brick"}
    said = capsys.readouterr().err
    assert said.startswith("1 of 3 photographs were left out: gone.png of scikit-image is not there.")
    assert said.count("\n") == 1


@pytest.mark.slow
def test_exemplars_of_a_real_network_without_a_network(tmp_path):
    settings = ("--model", "lite0", "--data", "photographs", "--size", 64, "--k", 3, "--out", tmp_path)
    command = ("exemplars", "auto", *settings)
    done = featviz(*command)
    assert done.exit_code == 0, done.output
    data = fv.open_images("photographs")
    assert f"{len(data)} images, " in done.output
    found = fv.Exemplars.load(tmp_path)
    assert found.meta["fingerprint"] == data.fingerprint and found.meta["count"] == len(data)
    assert all(data.index(name) >= 0 for name in found.top("block5b_add", 0))
    assert len(list((tmp_path / "thumbnails").rglob("*.*"))) > 100
    assert "nothing was left to do" in featviz(*command).output
