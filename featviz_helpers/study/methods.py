"""The methods that the course compares, each with the one parameter that is varied and the values worth comparing.

The values in the middle of each range were chosen on real networks, on other channels than those shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..ascent import transforms as t
from ..ascent.alignment import alignment, alignment_layers
from ..ascent.grid import Grid, grid
from ..ascent.maximize import maximize
from ..ascent.objectives import channel
from ..ascent.octaves import Octaves
from ..ascent.optimizers import Adam
from ..ascent.parameterizations import MACO, Fourier
from ..ascent.penalties import L2, TotalVariation
from ..ascent.result import Result
from ..ascent.term import Objective
from ..common.checks import MOST_STEPS, instance, is_list, refusal, shown, whole_number, whole_numbers
from ..common.errors import nearest
from ..models.backbone import Backbone

OCTAVES = 4
PIXEL_STEP = 0.02
Halves = Mapping[int, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Method:
    """One way to a picture.

    Attributes:
        parameter: name of the number that is varied, with its unit.
        values: values worth comparing, from weak to strong.
        default: the value for a single picture.
        options: one value, or one per image -> arguments for `maximize`.
        octaves: how many times the steps are taken; `run_methods` divides them, so that all methods get
            the same number.
        aligns: whether it is shown a half of the channel's exemplars; it is then judged on the other half. The value
            is the weight of the alignment beside the channel's mean activation.
    """

    parameter: str
    values: tuple[float, ...]
    default: float
    options: Callable[[Sequence[float]], dict]
    octaves: int = 1
    aligns: bool = False


def _pixels(**options: object) -> dict:
    # At half the usual step Adam leaves half the grain, which none of these methods is there to remove.
    return {"optimizer": Adam(PIXEL_STEP), **options}


METHODS = {
    "none": Method("step size", (0.005, 0.01, 0.02, 0.03, 0.05, 0.1), PIXEL_STEP, lambda v: {"optimizer": Adam(v)}),
    "L2": Method("weight", (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2), 1e-2, lambda v: _pixels(penalties=[L2(v)])),
    "total variation": Method(
        "weight", (1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 5e-3), 2e-3, lambda v: _pixels(penalties=[TotalVariation(v)])
    ),
    "standard": Method("strength", (0.25, 0.5, 1, 1.5, 2, 3), 1, lambda v: _pixels(transforms=[t.standard(v)])),
    "jitter": Method("pixels", (2, 4, 8, 16, 32, 64), 16, lambda v: _pixels(transforms=[t.Jitter(v)])),
    "scale": Method("factor", (1.02, 1.05, 1.1, 1.2, 1.3, 1.4), 1.2, lambda v: _pixels(transforms=[t.Scale(v)])),
    "rotate": Method("degrees", (2, 5, 15, 45, 90, 180), 15, lambda v: _pixels(transforms=[t.Rotate(v)])),
    "octaves": Method(
        "scale", (1, 1.05, 1.1, 1.2, 1.4, 1.6), 1.4, lambda v: _pixels(octaves=Octaves(OCTAVES, v)), octaves=OCTAVES
    ),
    "Fourier": Method(
        "step size", (0.005, 0.01, 0.02, 0.03, 0.05, 0.1), 0.02,
        lambda v: {"parameterization": Fourier(), "optimizer": Adam(v)},
    ),
    "MACO": Method(
        "step size", (0.05, 0.1, 0.2, 0.3, 0.5, 1), 0.3,
        lambda v: {"parameterization": MACO(), "optimizer": Adam(v)},
    ),
    # As their authors use them: never without transforms.
    "Fourier + standard": Method(
        "step size", (0.005, 0.01, 0.02, 0.03, 0.05, 0.1), 0.02,
        lambda v: {"parameterization": Fourier(), "optimizer": Adam(v), "transforms": [t.standard()]},
    ),
    "MACO + standard": Method(
        "step size", (0.05, 0.1, 0.2, 0.3, 0.5, 1), 0.3,
        lambda v: {"parameterization": MACO(), "optimizer": Adam(v), "transforms": [t.standard()]},
    ),
    "alignment": Method(
        "weight", (1, 3, 10, 30, 100, 300), 30, lambda v: _pixels(transforms=[t.Jitter(16)]), aligns=True
    ),
}  # fmt: skip


# A penalty or an alignment weighs against the objective, so its weight depends on how large a network's answers are.
VALUES = {
    "shapesnet": {
        "L2": (3e-6, 1e-5, 3e-5, 6e-5, 1e-4, 3e-4),
        "total variation": (1e-6, 3e-6, 6e-6, 1e-5, 2e-5, 4e-5),
        "jitter": (1, 2, 4, 8, 16, 32),
        "alignment": (0.1, 0.3, 1, 3, 10, 30),
    },
    "lite0": {
        "L2": (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3),
        "total variation": (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
        "alignment": (3, 10, 30, 100, 300, 1000),
    },
}
VALUES["shapesnet_plain"] = VALUES["shapesnet"]  # twins are compared at the same values
VALUES["lite1"] = VALUES["lite0"]
# On lite0 L2 cures nothing at any value; its default costs as much activation as on InceptionV3. Fourier's smaller step
# keeps class scores clear.
DEFAULTS = {
    "shapesnet": {"L2": 3e-5, "total variation": 1e-5, "alignment": 3},
    "lite0": {"L2": 3e-2, "total variation": 1e-2, "Fourier": 0.01, "Fourier + standard": 0.01, "alignment": 100},
}
DEFAULTS["shapesnet_plain"] = DEFAULTS["shapesnet"]
DEFAULTS["lite1"] = DEFAULTS["lite0"]


def values(name: str, network: str = "inception_v3") -> tuple[float, ...]:
    """Return the values worth comparing on a network.

    Args:
        name: of a method.
        network: the backbone's name.

    Raises:
        ValueError: no such method.
    """
    return VALUES.get(network, {}).get(name, method(name).values)


def default(name: str, network: str = "inception_v3") -> float:
    """Return the value for a single picture on a network; see `values`."""
    return DEFAULTS.get(network, {}).get(name, method(name).default)


def method(name: str) -> Method:
    """Return one of `METHODS`.

    Raises:
        ValueError: no such method; the message has the nearest names.
    """
    if not isinstance(name, str) or name not in METHODS:
        raise ValueError(f"There is no method {shown(name)}: {nearest(name, METHODS)}")
    return METHODS[name]


def check_values(backbone: Backbone, layer: str, methods: Mapping[str, Sequence[float]], size: int) -> None:
    """Raise ValueError when a method has a value that images of this size cannot take, before any ascent starts."""
    for name, numbers in methods.items():
        options = method(name).options(list(numbers))
        for transform in options.get("transforms", ()):
            transform.check(size, size)
        for image in range(len(numbers)) if "octaves" in options else ():
            backbone.check_size(options["octaves"].sizes(size, size, image)[0], layer)


def run_methods(
    backbone: Backbone,
    layer: str,
    channels: Sequence[int],
    methods: Mapping[str, Sequence[float] | float] | Sequence[str] | None = None,
    seeds: Sequence[int] = (0,),
    steps: int = 128,
    size: int = 224,
    halves: Halves | None = None,
    **options: object,
) -> dict[str, tuple[Grid, Result]]:
    """Run every method at every value on every channel and seed, as one compiled batch per method.

    Args:
        backbone: the network.
        layer: layer name, or "auto".
        channels: channel numbers.
        methods: names, each with the values worth comparing on this network; or name -> values; by default all of
            `METHODS` that can run without exemplars.
        seeds: one run per seed.
        steps: steps per image, > 0; with octaves, over all of them together.
        size: pixels.
        halves: channel -> two sets of exemplars (n, size, size, 3), such as `ExemplarScores.halves`. Methods that
            align take the first with an even seed, the second with an odd one.
        options: anything else for `maximize`.

    Returns:
        name -> (grid with the axes seed, channel and value; result).

    Raises:
        ValueError: no such method, or one that needs exemplars and has none.
        KeyboardInterrupt: on Ctrl-C; pictures of fewer steps would be taken for pictures of the method.
    """
    instance("backbone", backbone, Backbone, "what fv.load_model('lite0') or fv.Backbone(model) returns")
    channels, seeds = whole_numbers("channels", channels), whole_numbers("seeds", seeds)
    steps = whole_number("steps", steps, 1, MOST_STEPS)
    if not isinstance(methods, Mapping):
        if methods is not None and not is_list(methods):
            raise refusal("methods", "a list of names, or name -> values", methods)
        names = ([] if methods is None else list(methods)) or [
            name for name in METHODS if halves is not None or not METHODS[name].aligns
        ]
        methods = {name: values(name, backbone.name) for name in names}
    results = {}
    for name, numbers in methods.items():
        chosen, cells = method(name), grid(seed=seeds, channel=channels, value=numbers)
        own = chosen.options(cells.value)
        own |= {"steps": max(1, steps // chosen.octaves), "size": size, "seed": cells.seed}
        objective = channel(layer, cells.channel)
        if chosen.aligns:
            objective = objective + cells.value * _alignment(backbone, layer, cells, halves)
        result = maximize(backbone, objective, **own, **options)
        if result.interrupted:
            raise KeyboardInterrupt
        results[name] = cells, result
    return results


def _alignment(backbone: Backbone, layer: str, cells: Grid, halves: Halves | None) -> Objective:
    if halves is None or not set(cells.channel) <= set(halves):
        raise ValueError("Methods that align need exemplars of every channel: give run_methods its `halves`.")
    images = [halves[number][half_of(seed)] for number, seed in zip(cells.channel, cells.seed, strict=True)]
    return alignment(backbone, alignment_layers(backbone, layer), cells.channel, images)


def half_of(seed: int) -> int:
    """Return which half of a channel's exemplars, 0 or 1, a method that aligns is shown with this seed."""
    return seed % 2
