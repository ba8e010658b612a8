"""A map as a picture: dark where nothing was found, brightest at its highest value, every place a square."""

import numpy as np
import pytest
from featviz_helpers.plots import heat


def test_a_map_is_dark_at_zero_and_below_and_brightest_at_its_highest_value():
    picture = heat(np.array([[0.0, 4.0], [-3.0, 2.0]]), size=6)
    assert picture.shape == (6, 6, 3) and picture.dtype == np.float32 and np.abs(picture).max() <= 1
    light = picture.mean(axis=2)
    np.testing.assert_array_equal(light[:3, :3], light[3:, :3])  # below zero is as dark as zero
    assert light[0, 0] < light[5, 5] < light[0, 5]
    assert np.ptp(light[:3, 3:]) == 0  # a place is a square of one colour


def test_a_map_without_an_answer_is_black():
    assert heat(np.zeros((3, 3)), size=9).mean() == pytest.approx(-1, abs=0.02)


def test_a_map_may_be_wider_than_high_and_a_place_without_a_number_does_not_blacken_it():
    picture = heat(np.array([[0.0, 4.0, np.nan]]), size=(2, 6))
    assert picture.shape == (2, 6, 3)
    np.testing.assert_array_equal(picture[:, 4:], picture[:, :2])
    assert picture[0, 2].mean() > picture[0, 0].mean() + 1
