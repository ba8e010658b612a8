"""A small study on the bundled network."""

import featviz_helpers as fv
import pytest
from support.networks import shapesnet
from support.studies import CHANNELS, plan


@pytest.fixture(scope="session")
def data():
    return fv.ShapesImages(256, seed=3)


@pytest.fixture(scope="session")
def exemplars(data):
    return fv.find_exemplars(shapesnet(), data, "mixed2", k=4)


@pytest.fixture
def scores(data, exemplars):
    distance = fv.distance("pixels")
    return fv.study.ExemplarScores(shapesnet(), data, exemplars, distance, CHANNELS, background=6, size=64, k=4)


@pytest.fixture
def study(data, exemplars, tmp_path):
    return fv.study.Study(plan(), shapesnet(), data, exemplars, fv.distance("pixels"), tmp_path / "study")
