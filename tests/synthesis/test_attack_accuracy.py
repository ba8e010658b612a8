"""The script behind results/attacks.csv: what it asks about, and what its rows say."""

import featviz_helpers as fv
import numpy as np
import pytest
from support.networks import shapesnet

from data_scripts import attack_accuracy as script


def test_a_row_has_share_interval_and_number():
    row = script.row("lite0", "PGD", 0.5, "lite1", np.array([True] * 3 + [False] * 7))
    assert row["share"] == 0.3 and row["n"] == 10 and row["low"] < 0.3 < row["high"]
    assert (row["model"], row["attack"], row["epsilon"], row["asked"]) == ("lite0", "PGD", 0.5, "lite1")


def test_every_attack_is_asked_about_on_every_network(monkeypatch):
    monkeypatch.setitem(script.LEVELS, "shapesnet", (0.5, 120))
    drawn, twin = fv.shapes.draw(8, 3), fv.load_model("shapesnet_plain")
    rows = {(attack, level, judge): said.mean() for _, attack, level, judge, said in script.by_level(
        "shapesnet", drawn.images, drawn.labels, [shapesnet(), twin]
    )}  # fmt: skip
    assert len(rows) == 2 * 3 * 2
    assert rows["random signs", 0.5, "shapesnet"] == 1 and rows["PGD", 120, "shapesnet"] < 0.3


@pytest.mark.slow
def test_a_borrowed_change_reaches_less_than_an_aimed_one(monkeypatch):
    monkeypatch.setattr(script, "LENGTHS", {"shapesnet": (25,)})
    drawn = fv.shapes.draw(16, 4)
    twins = {name: fv.load_model(name) for name in ("shapesnet", "shapesnet_plain")}
    rows = {
        (attack, judge): said.mean() for _, attack, _, judge, said in script.aimed(drawn.images, drawn.labels, twins)
    }
    assert rows["aimed, L2 25", "shapesnet"] > 0.4 > rows["borrowed, L2 25", "shapesnet"]
