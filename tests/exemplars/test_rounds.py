"""Rounds of the two-alternative task: fair, the same for the same seed, and without the key in sight."""

import numpy as np
import pytest
from featviz_helpers.exemplars import two_alternatives

SOURCES = np.repeat([f"photograph {i}" for i in range(10)], 6)


@pytest.fixture
def activations():
    return np.random.default_rng(5).normal(size=(60, 20))


def test_a_round_asks_about_the_ends_of_what_the_references_leave_out(activations):
    for one in two_alternatives(activations, SOURCES, count=8, references=3, seed=2):
        column, (a, b) = activations[:, one.channel], one.queries
        assert one.key == ("A" if column[a] > column[b] else "B")
        shown = SOURCES[list(one.references)]
        assert len(set(shown)) == 3 and not set(shown) & set(SOURCES[[a, b]])
        for image in one.references:  # the strongest of its photograph, and those come strongest first
            assert column[image] == column[SOURCES[image] == SOURCES].max()
        assert (np.diff(column[list(one.references)]) < 0).all()
        ahead = {SOURCES[i] for i in np.flatnonzero(column > column[[a, b]].max())}
        behind = {SOURCES[i] for i in np.flatnonzero(column < column[[a, b]].min())}
        assert len(ahead) <= 5 and len(behind) <= 5  # nothing more extreme in the half of the queries


def test_each_round_has_a_channel_of_its_own_and_both_letters_are_right_equally_often(activations):
    rounds = two_alternatives(activations, SOURCES, count=12, seed=0)
    assert len({one.channel for one in rounds}) == 12
    letters = [one.key for one in two_alternatives(activations, SOURCES, count=20, seed=0)]
    assert 4 <= letters.count("A") <= 16 and len(set(letters)) == 2


def test_the_letter_of_a_single_round_is_drawn_too(activations):
    assert {two_alternatives(activations, SOURCES, count=1, seed=seed)[0].key for seed in range(20)} == {"A", "B"}


def test_a_seed_decides_everything(activations):
    first, again, other = (two_alternatives(activations, SOURCES, count=6, seed=seed) for seed in (1, 1, 2))
    assert first == again and [one.key for one in first] == [one.key for one in again]
    assert first != other


def test_the_key_is_not_printed(activations):
    (one,) = two_alternatives(activations, SOURCES, count=1)
    assert "key" not in repr(one) and f"channel={one.channel}" in repr(one)


def test_channels_that_several_sources_drive_come_first(activations):
    activations[0, 3] = 50.0  # one image of one photograph
    for photograph in range(10):
        activations[6 * photograph, 7] = 5.0 + photograph / 100
    (one,) = two_alternatives(activations, SOURCES, count=1)
    assert one.channel == 7


def test_silent_channels_are_left_out(activations):
    activations[:, 4] = 0.0
    assert 4 not in {one.channel for one in two_alternatives(activations, SOURCES, count=19)}
    with pytest.raises(ValueError, match="19 channels make a question here"):
        two_alternatives(activations, SOURCES, count=20)


@pytest.mark.parametrize("references", [0, 6])
def test_references_of_more_sources_than_half_are_refused(activations, references):
    with pytest.raises(ValueError, match="from 1 to 5"):
        two_alternatives(activations, SOURCES, references=references)
