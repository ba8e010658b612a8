"""The judges of notebook 11: the right answer passes, and each near miss is told what is wrong."""

import keras
import numpy as np
import pytest
from featviz_helpers import check
from featviz_helpers.synthesis import GeneratorPrior, shapes_prior
from keras import layers
from support.networks import shapesnet


@pytest.fixture(scope="module")
def prior():
    return shapes_prior()


def nearest(pictures, members, count=1):
    far = np.sqrt(((pictures[:, None] - members) ** 2).mean(axis=(2, 3, 4)))
    return np.sort(far, axis=1)[:, :count].mean(axis=1)


def test_a_distance_that_black_does_not_win(capsys):
    chance = np.random.default_rng(0)
    kind = np.sign(chance.normal(size=(1, 4, 4, 3)))
    members, fresh = (kind + 0.1 * chance.normal(size=(count, 4, 4, 3)) for count in (9, 5))
    members[0] = -1  # one of them is black
    asked = {"members": members, "fresh": fresh, "others": {"black": np.full((1, 4, 4, 3), -1.0)}, "foreign": -members}
    assert check.fair_distance(lambda x, y: nearest(x, y, 4), **asked) is True
    assert check.fair_distance(nearest, **asked) is False
    assert "black must be farther" in capsys.readouterr().out
    assert check.fair_distance(lambda x, y: 1 - x.std(axis=(1, 2, 3)) / 9, **asked) is False
    assert "from the other set" in capsys.readouterr().out
    assert check.fair_distance(lambda x, y: nearest(x, y)[:1], **asked) is False
    assert check.fair_distance(None, **asked) is None


def test_a_distance_that_is_no_number_for_black_is_not_fair(capsys):
    chance = np.random.default_rng(0)
    members, fresh = (0.1 * chance.normal(size=(count, 4, 4, 3)) for count in (9, 5))

    def undefined(pictures, to):
        far = nearest(pictures, to)
        return np.where(pictures.std(axis=(1, 2, 3)) > 0, far, np.nan)

    black = {"black": np.full((1, 4, 4, 3), -1.0)}
    assert check.fair_distance(undefined, members, fresh, black, foreign=members + 1) is False
    assert "black nan: black must be farther" in capsys.readouterr().out


def test_a_typical_code(prior, capsys):
    code = prior.encode(np.zeros((1, 64, 64, 3), np.float32)).numpy()
    label = int(shapesnet().activations(prior.draw(code), "logits").argmax())
    assert check.typical_code(code, prior, shapesnet(), label, 0.01, 9.0)
    assert not check.typical_code(code, prior, shapesnet(), (label + 1) % 32, 0.99, 9.0)
    assert not check.typical_code(code, prior, shapesnet(), label, 0.01, 0.01)
    assert not check.typical_code(code[0], prior, shapesnet(), label, 0.01, 9.0)
    assert not check.typical_code(code + 99, prior, shapesnet(), label, 0.01, 9.0)
    assert "outside their limits" in capsys.readouterr().out


def test_a_generator_of_another_range(capsys):
    code = keras.Input((5,))
    shaped = layers.Reshape((8, 8, 3))(layers.Dense(192, activation="sigmoid")(code))
    generator = keras.Model(code, shaped)
    wrapped = keras.Model(code, layers.Rescaling(2.0, -1.0)(shaped))
    assert check.takes_generator(GeneratorPrior(wrapped, -3.0, 3.0), generator)
    assert not check.takes_generator(GeneratorPrior(generator, -3.0, 3.0), generator)
    assert "still lie in [0, 1]" in capsys.readouterr().out
    other = keras.Model(code, layers.Rescaling(1.0, -0.5)(shaped))
    assert not check.takes_generator(GeneratorPrior(other, -3.0, 3.0), generator)
    assert not check.takes_generator(generator, generator)
