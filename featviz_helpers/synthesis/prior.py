"""Ascent in the code of a generator instead of in pixels: every picture on the way is one that the generator can draw.

What it can draw, it learned from data. So a picture made this way shows the channel AND the data of the generator, and
the second part is there even where the channel has nothing to say.
"""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..ascent.parameterizations import Parameterization
from ..assets.locate import bundled
from ..common.checks import flag, instance, is_list, number, number_above, refusal, shown, whole_number
from ..common.random_streams import start_uniform
from ..data.images import check_range
from ..models.load import load_model
from ..models.shapes_generator import READS, build_encoder, build_generator
from ..models.weights_file import keras_defaults, load_weights

SIGMAS = 3.0  # the limits of a unit of the code, in standard deviations on the data
TRIED = 8  # codes that a new prior draws, to see whether its pictures are pictures
OVER = 1e-3  # that a value may lie outside [-1, 1]: rounding


class GeneratorPrior(Parameterization):
    """The code of a generator (DGN-AM; Nguyen et al., 2016): image = generator(code).

    After each step the code shrinks a little toward 0 and is clipped, unit by unit, to where codes of data lie.

    Args:
        generator: any Keras model from codes (N, d) or (N, h, w, d) to images (N, H, W, 3) in [-1, 1]. Images of
            another size than the ascent's are resized. It runs as in inference.
        low, high: limits of each unit, numbers or arrays of the shape of one code; DGN-AM takes 0 and three standard
            deviations.
        decay: share of the code that a step takes away, 0 up to below 1.
        spread: a start is uniform between spread * low and spread * high; above 0, at most 1.
        encoder: a Keras model from such images to codes, for starts from an image; None has no way back.

    Attributes:
        code: shape of one code.
        size: (height, width) that the generator draws.

    Raises:
        ValueError: codes of another rank, pictures of other channels or outside [-1, 1], limits that do not fit.
    """

    def __init__(
        self,
        generator: keras.Model,
        low: float | np.ndarray,
        high: float | np.ndarray,
        decay: float = 0.0,
        spread: float = 0.5,
        encoder: keras.Model | None = None,
    ) -> None:
        self.generator = instance("generator", generator, keras.Model, "a keras.Model from codes to images")
        self.code = _code_shape(generator)
        self.low, self.high = _limit("low", low, self.code), _limit("high", high, self.code)
        if (self.low >= self.high).any():
            raise ValueError("low must be below high for each unit of the code: a unit that cannot move is no unit.")
        self.decay = number("decay", decay, 0)
        if self.decay >= 1:
            raise refusal("decay", "from 0 up to below 1", decay, "0.01 takes a hundredth of the code in each step.")
        self.spread = number_above("spread", spread, 0, 1)
        self.encoder = instance("encoder", encoder, keras.Model | None, "a keras.Model from images to codes, or None")
        self.size = self._try()

    def _try(self) -> tuple[int, int]:
        """Draw a few pictures; return their size, or say why they are none."""
        codes = self.start(list(range(TRIED)), [0] * TRIED, 0, 0)
        pictures = np.asarray(self.generator(codes, training=False))
        if pictures.ndim != 4 or pictures.shape[-1] != 3:
            raise ValueError(
                f"The generator must draw images of shape (N, H, W, 3); its output has the shape {pictures.shape}. "
                "Put a layer behind it that brings three colours last."
            )
        lowest, highest = float(pictures.min()), float(pictures.max())
        if not (lowest >= -1 - OVER and highest <= 1 + OVER):
            raise ValueError(
                f"The generator must draw images in [-1, 1]; on codes within the limits its values run from "
                f"{lowest:.3g} to {highest:.3g}. For [0, 1] append keras.layers.Rescaling(2, -1), without a limit tanh."
            )
        return pictures.shape[1], pictures.shape[2]

    def describe(self) -> dict:
        return {**super().describe(), "generator": self.generator.name, "decay": self.decay, "spread": self.spread}

    def start(self, seeds: list[int], keys: list[int], height: int, width: int) -> np.ndarray:
        """Return start codes (N, *code), each from its own random stream; height and width do not matter."""
        draws = np.stack([start_uniform(s, k, self.code) for s, k in zip(seeds, keys, strict=True)])
        return (self.low + draws * (self.high - self.low)) * np.float32(self.spread)

    def decode(self, parameters: tf.Tensor, height: int, width: int) -> tf.Tensor:
        pictures = tf.clip_by_value(self.generator(parameters, training=False), -1.0, 1.0)
        return pictures if (height, width) == self.size else tf.image.resize(pictures, [height, width])

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        if self.encoder is None:
            return super().encode(images)
        images = images if tuple(images.shape[1:3]) == self.size else tf.image.resize(images, self.size)
        return self.constrain(self.encoder(images, training=False), decay=0.0)

    @property
    def encodes(self) -> bool:
        return self.encoder is not None

    def constrain(self, parameters: tf.Tensor, decay: float | None = None) -> tf.Tensor:
        kept = 1.0 - (self.decay if decay is None else decay)
        return tf.clip_by_value(kept * parameters, self.low, self.high)

    def draw(self, codes: np.ndarray) -> np.ndarray:
        """Return the pictures of codes (N, *code), inside or outside of the limits: (N, H, W, 3).

        Raises:
            ValueError: codes of another shape.
        """
        codes = np.asarray(codes, np.float32)
        if codes.shape[1:] != self.code or not codes.size:
            raise refusal("codes", f"an array (N, {', '.join(map(str, self.code))})", codes)
        return self.decode(tf.constant(codes), *self.size).numpy()

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """Return what the generator makes of images (N, H, W, 3) in [-1, 1] by way of their codes.

        Raises:
            ValueError: a prior without an encoder, images outside [-1, 1].
        """
        return self.draw(self.encode(tf.constant(check_range(images))).numpy())


class CPPN(Parameterization):
    """An untrained prior: the weights of a small network from coordinates to colours (Stanley, 2007).

    Each image has its own network, and the ascent moves its weights (Mordvintsev et al., 2018). It has seen no data:
    what it prefers, smooth and round forms, lies in its architecture. As there, each layer's sums enter twice, as
    arctan and as its square.

    Args:
        width: sums of each layer; 2 to 64.
        depth: hidden layers; 1 to 16.
    """

    def __init__(self, width: int = 24, depth: int = 5) -> None:
        self.width, self.depth = whole_number("width", width, 2, 64), whole_number("depth", depth, 1, 16)
        self.inputs = [2, *[2 * self.width] * self.depth]
        self.shapes = [(given + 1, w) for given, w in zip(self.inputs, [self.width] * self.depth + [3], strict=True)]

    @property
    def structure(self) -> tuple:
        return ("cppn", self.width, self.depth) if type(self) is CPPN else (self,)

    def describe(self) -> dict:
        return {**super().describe(), "width": self.width, "depth": self.depth}

    def start(self, seeds: list[int], keys: list[int], height: int, width: int) -> np.ndarray:
        """Return start weights (N, P), uniform with variance 1 / inputs; those of the colours are a tenth of that."""
        count = sum(rows * columns for rows, columns in self.shapes)
        draws = np.stack([start_uniform(s, k, (count,)) for s, k in zip(seeds, keys, strict=True)])
        share = [*[1.0] * self.depth, 0.1]  # of the last layer, whose sums are the colours
        scale = [np.full(r * c, np.sqrt(3.0 / (r - 1)) * s) for (r, c), s in zip(self.shapes, share, strict=True)]
        return ((2.0 * draws - 1.0) * np.concatenate(scale)).astype(np.float32)

    def decode(self, parameters: tf.Tensor, height: int, width: int) -> tf.Tensor:
        rows, columns = np.meshgrid(*(np.linspace(-1, 1, n) * np.sqrt(3) for n in (height, width)), indexing="ij")
        points = np.stack([rows, columns], axis=-1).reshape(1, -1, 2).astype(np.float32)
        count = parameters.shape[0] or tf.shape(parameters)[0]
        x, first = tf.tile(points, [count, 1, 1]), 0
        for layer, (given, made) in enumerate(self.shapes):
            weights = tf.reshape(parameters[:, first : first + given * made], [-1, given, made])
            x, first = x @ weights[:, :-1] + weights[:, -1:], first + given * made
            if layer < self.depth:
                bent = tf.atan(x)
                x = tf.concat([bent / 0.67, (tf.square(bent) - 0.45) / 0.396], axis=-1)  # mean 0, deviation 1
        return tf.reshape(tf.tanh(x), [-1, height, width, 3])


def shapes_prior(decay: float = 0.01, trained: bool = True, seed: int = 0) -> GeneratorPrior:
    """Return the bundled generator of Shapes as a prior: 4 x 4 x 16 numbers for 64 x 64 pixels.

    Two classes, `models.shapes_generator.HELD_OUT`, were kept from its training (data_scripts/train_prior.py); its
    card stands beside its weights.

    Args:
        decay: see `GeneratorPrior`.
        trained: False draws its weights at random: the same architecture that has seen no data, without a way back.
        seed: of those random weights.

    Returns:
        The prior; its limits are three standard deviations of each unit's codes on either side of their mean.
    """
    trained, seed = flag("trained", trained), whole_number("seed", seed, 0)
    record = json.loads(bundled("shapes_prior.json").read_text())
    mean, sigma = (np.asarray(record[name], np.float32) for name in ("code_mean", "code_sigma"))
    with keras_defaults():
        encoder, generator = build_encoder(), build_generator()
    if trained:
        load_weights(whole(encoder, generator), bundled("shapes_prior.weights.h5"))
    else:
        _draw_kernels(generator, seed)
    limits: dict[str, Any] = {"low": mean - SIGMAS * sigma, "high": mean + SIGMAS * sigma}
    return GeneratorPrior(generator, **limits, decay=decay, encoder=_reader(encoder) if trained else None)


def whole(encoder: keras.Model, generator: keras.Model) -> keras.Model:
    """Return encoder and generator as one model, as the file of weights holds them."""
    mean, log_variance = encoder(encoder.input)
    return keras.Model(encoder.input, [mean, log_variance, generator(mean)], name="shapes_prior")


def _draw_kernels(generator: keras.Model, seed: int) -> None:
    """Draw the kernels at random, each sum as wide as its inputs (He et al., 2015), without touching Keras's seed."""
    chance = np.random.default_rng(seed)
    for weight in generator.trainable_variables:
        if len(weight.shape) == 4:
            weight.assign(chance.normal(0.0, np.sqrt(2.0 / np.prod(weight.shape[:-1])), weight.shape))


def _reader(encoder: keras.Model) -> keras.Model:
    """ShapesNet and the encoder on it: images (N, 64, 64, 3) -> codes."""
    cut = load_model("shapesnet").truncate(READS)
    image = keras.Input((64, 64, 3))
    return keras.Model(image, encoder([cut(image), image])[0], name="shapes_reader")


def _code_shape(generator: keras.Model) -> tuple[int, ...]:
    shapes = [tuple(tensor.shape[1:]) for tensor in generator.inputs]
    if len(shapes) != 1 or len(shapes[0]) not in (1, 3) or None in shapes[0]:
        raise ValueError(
            f"The generator must take one code of a fixed shape, (N, d) or (N, h, w, d); its inputs without N have the "
            f"shapes {shown(shapes)}. A generator with labels or noise of its own needs a model around it that fixes "
            "them."
        )
    return shapes[0]


def _limit(name: str, value: float | np.ndarray, code: tuple[int, ...]) -> np.ndarray:
    """Return a limit as an array of the shape of one code."""
    allowed = f"a finite number, or an array of the shape of one code, {code}"
    try:
        limit = np.asarray(list(value) if is_list(value) else value, np.float32)
    except (TypeError, ValueError):
        raise refusal(name, allowed, value) from None
    if limit.shape not in ((), code) or not np.isfinite(limit).all() or isinstance(value, bool | str):
        raise refusal(name, allowed, value, "Another shape belongs to another generator.")
    return np.broadcast_to(limit, code).astype(np.float32)
