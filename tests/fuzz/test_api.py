"""Odd inputs to the public API: each is refused in a clear sentence, or has a right answer."""

import matplotlib.pyplot as plt
import pytest
from featviz_helpers.data.images import save_image
from support.networks import pictures
from support.odd_inputs import ODD, outcome
from support.odd_rooms import table as table_of_rooms
from support.odd_table import table

PARTS = 6  # every sixth value of each parameter is quick, another one for the next parameter
AT_NIGHT = 3  # from this part on


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photo")
    return table(save_image(pictures(1, 40)[0], folder / "a.png")) | table_of_rooms(folder)


def part(number):
    return pytest.param(number, marks=[pytest.mark.slow] + [pytest.mark.nightly] * (number >= AT_NIGHT))


@pytest.mark.parametrize("part", [0, *map(part, range(1, PARTS))])
def test_every_odd_value_is_refused_clearly_or_answered_right(targets, part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong, parameters = {}, [(name, parameter) for name, target in targets.items() for parameter in target.takes]
    for first, (name, parameter) in enumerate(parameters):
        for words in list(ODD)[(first + part) % PARTS :: PARTS]:
            found = outcome(targets[name], parameter, ODD[words])
            plt.close("all")
            if found not in ("clear", "right"):
                wrong[f"{name}({parameter}={words})"] = found
    assert not wrong, "\n".join(f"{call}: {found}" for call, found in wrong.items())
