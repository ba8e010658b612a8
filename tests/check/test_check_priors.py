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


def step(prior, shrink=1.0, clip=True, sign=1.0):
    def take(codes, slopes, size):
        moved = codes + sign * size * slopes / slopes.std(axis=(1, 2, 3), keepdims=True)
        moved = (1 - shrink * prior.decay) * moved
        return np.clip(moved, prior.low, prior.high) if clip else moved

    return take


def test_a_step_in_the_code(prior, capsys):
    assert check.code_step(step(prior), prior)
    assert not check.code_step(step(prior, shrink=0), prior) and "do not shrink" in capsys.readouterr().out
    assert not check.code_step(step(prior, clip=False), prior) and "outside their limits" in capsys.readouterr().out
    assert not check.code_step(step(prior, sign=-1), prior) and "goes up the gradient" in capsys.readouterr().out
    assert not check.code_step(lambda codes, slopes, size: codes[:1], prior) and "returns" in capsys.readouterr().out
    assert check.code_step(None, prior) is None


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
