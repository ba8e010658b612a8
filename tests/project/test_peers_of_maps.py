"""The comparison of maps: what counts as the same map, and how times become ratios. No library is installed here."""

import numpy as np
import pytest

from benchmarks import peers

maps = peers.maps


class Explains:
    """A worker that takes as long as it is told and draws its maps by a rule."""

    def __init__(self, seconds, draw):
        self.ready = {"apart": 0.0, "versions": {"a-package": "1.2"}, "python": "3.11.7", "differences": {"batch": "1"}}
        self.seconds, self.draw, self.turns = seconds, draw, []

    def ask(self, task, method, count, turn, file=None):
        self.turns.append(turn)
        if file:
            np.save(file, self.draw(np.random.default_rng(0).normal(size=(count, 8, 8))))
        return {"seconds": self.seconds}


@pytest.fixture
def report(tmp_path):
    workers = {
        peers.OURS: Explains(0.2, lambda maps: maps),
        "doubled": Explains(0.5, lambda maps: 2 * maps),
        "another map": Explains(0.1, lambda maps: -maps),
    }
    return maps.measure(workers, tmp_path, {"images": 2, "rounds": 3, "cores": 2, "load": 0.1}), workers


def test_only_maps_of_the_same_order_are_timed(report):
    found, workers = report
    for method in maps.METHODS:
        entry = {name: one["methods"][method] for name, one in found["libraries"].items()}
        assert entry["doubled"]["alike"] == pytest.approx(1.0) and len(entry["doubled"]["calls_s"]) == 3
        assert entry["another map"]["alike"] == pytest.approx(-1.0) and entry["another map"]["calls_s"] == []
    assert workers["doubled"].turns[:4] == [0, 1, 2, 3], "the classes alternate"


def test_the_table_has_times_an_image_and_ratios(report):
    row = next(line for line in maps.table(report[0]).splitlines() if "saliency" in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == ["saliency", "100.0", "250.0", "2.50", "1.000", "–", "–", "-1.000"]
    assert "a-package 1.2" in maps.text(report[0]) and "first calls, s: saliency 0.5" in maps.text(report[0])


def test_maps_of_two_sizes_meet_at_the_smaller():
    small = np.random.default_rng(0).normal(size=(2, 4, 4))
    assert maps.alike(small.repeat(3, axis=1).repeat(3, axis=2), small) == pytest.approx(1.0)
    assert maps.alike(small, -small.repeat(3, axis=1).repeat(3, axis=2)) == pytest.approx(-1.0)
