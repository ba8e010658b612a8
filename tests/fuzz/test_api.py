"""Odd inputs to the public API: each is refused in a clear sentence, or has a right answer."""

import matplotlib.pyplot as plt
import pytest
from featviz_helpers.data.images import save_image
from support.networks import pictures
from support.odd_inputs import ODD, outcome
from support.odd_table import table


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    return table(save_image(pictures(1, 40)[0], tmp_path_factory.mktemp("photo") / "a.png"))


def test_every_odd_value_is_refused_clearly_or_answered_right(targets, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong = {}
    for name, target in targets.items():
        for parameter in target.takes:
            for words, value in ODD.items():
                found = outcome(target, parameter, value)
                plt.close("all")
                if found not in ("clear", "right"):
                    wrong[f"{name}({parameter}={words})"] = found
    assert not wrong, "\n".join(f"{call}: {found}" for call, found in wrong.items())
