"""The table of tests/fuzz: for each public call what is right, and what each parameter takes."""

# ruff: noqa: E501 (a row of a table is a line)

import functools
import importlib
from unittest import mock

import featviz_helpers as fv
import numpy as np
from featviz_helpers.metrics import spectra
from support.networks import pictures, shapesnet
from support.odd_inputs import (
    FLAG,
    NEVER,
    PICTURES,
    Kind,
    Target,
    choice,
    instance,
    number,
    numbers,
    whole,
    wholes,
)

SIDE = 40
LAYER = choice("auto", "mixed0", "logits").called("layer")
CHANNELS = wholes(0, 95)
SIZE = Kind(lambda v: wholes(3, 16_384).fits(v) and np.size(v) in (1, 2), ("size", "images of"))
SEED = wholes(-(2**63), 2**63 - 1)
POINTS = Kind(lambda v: isinstance(v, np.ndarray) and v.ndim > 1 and len(v) > 1 and np.isfinite(v).all(), ("point",))
EVERY = numbers(1, 1_000_000, fits=lambda v: v == int(v))
FLOATS = Kind(lambda v: isinstance(v, np.ndarray) and v.ndim == 4 and v.dtype.kind == "f", ("image",))  # of any range


class Reached(Exception):
    """The arguments were accepted, and the climb would begin."""


@functools.cache
def images():
    return pictures(3, SIDE)


@functools.cache
def data():
    return fv.ShapesImages(16)


@functools.cache
def points():
    return np.random.default_rng(0).normal(size=(SIDE, 4))


@functools.cache
def exemplars():
    return fv.find_exemplars(shapesnet(), data(), "mixed0", k=3, progress=False)


def up_to_the_climb(call, module="ascent.maximize", name="Climb"):
    """A call as far as its arguments are checked: up to where something of a module begins."""
    module = importlib.import_module(f"featviz_helpers.{module}")

    def checked(**given):
        with mock.patch.object(module, name, side_effect=Reached):
            try:
                return call(**given)
            except Reached:
                return "the climb begins"

    return checked


def resolved(make):
    """An objective as far as a network checks it."""
    return lambda **given: make(**given).resolve(shapesnet())


def plug_is_finite(plug, value):
    return all(array.dtype == np.float32 and np.isfinite(array).all() for array in plug.values.values())


def picture_of(side):
    def right(result, value):
        result = np.asarray(result)
        return result.shape[-3:] == (*side(value), 3) and np.isfinite(result).all() and np.abs(result).max() <= 1

    return right


def one_each(result, value):
    return len(result[0] if isinstance(result, tuple) else result) == len(value)


def begins(result, value):
    return result == "the climb begins"


def square(value):
    return (SIDE, SIDE) if value is None else (value[0], value[-1]) if isinstance(value, list) else (value, value)


def any_size(least=1, most=16_384):
    return Kind(lambda v: wholes(least, most).fits(v) and np.size(v) in (1, 2), ("size", "images of"))


def objects(*types):
    """One of these, a list of them, none."""
    return Kind(lambda v: v is None or isinstance(v, types) or (isinstance(v, list | tuple) and not len(v)))


def table(photo):
    """Return name -> target.

    Args:
        photo: the path of a picture.
    """
    ascent = fv.ascent
    net, goal, field = shapesnet(), fv.channel("mixed0", 3), fv.receptive_field(shapesnet(), "mixed0", SIDE)
    three = images()
    pixels = fv.distance("pixels")
    found = exemplars()
    labels = Kind(lambda v: v is None or (isinstance(v, list | tuple) and len(v) == len(three)), ("label",))
    columns = whole(1).or_none()
    return {
        "maximize": Target(
            up_to_the_climb(fv.maximize),
            {
                "backbone": instance(fv.Backbone), "objective": instance(ascent.Objective),
                "penalties": objects(ascent.Penalty), "projections": objects(ascent.Projection),
                "transforms": objects(ascent.Transform), "parameterization": Kind(lambda v: v is None),
                "optimizer": Kind(lambda v: v is None), "octaves": Kind(lambda v: v is None),
                "tile": whole(32, 16_384).or_none(), "start": PICTURES.or_none(), "steps": whole(1, 1_000_000),
                "size": SIZE, "seed": SEED, "snapshots": Kind(lambda v: v is None or (isinstance(v, list) and not len(v)) or wholes(0, 4).fits(v)),
                "redirect": whole(0, 1_000_000), "dead": choice("raise", "mark"),
                "precision": choice("float32", "mixed_bfloat16", "mixed_float16"), "jit": FLAG,
                "batch": whole(1, 100_000).or_none(), "progress": FLAG,
            },
            {"backbone": net, "objective": goal, "steps": 4, "size": SIDE, "progress": False},
            begins,
        ),
        "explore": Target(
            up_to_the_climb(fv.explore, "explorer.browser", "Session"),
            {
                "backbone": instance(fv.Backbone), "data": instance(fv.data.image_sets.ImageSet).or_none(),
                "atlas": Kind(lambda v: v is None, ("atlas",)), "layer": LAYER, "channel": whole(0, 23), "k": whole(1, 16),
                "size": whole(32, 512).or_none(), "seed": SEED,
            },
            {"backbone": net, "data": data(), "layer": "mixed0"}, begins,
        ),
        "channel": Target(resolved(fv.channel), {"layer": LAYER, "channels": wholes(0, 23)}, {"layer": "mixed0", "channels": 3}),
        "neuron": Target(
            resolved(fv.neuron),
            {"layer": choice("mixed0"), "channels": wholes(0, 23), "place": NEVER},
            {"layer": "mixed0", "channels": 3},
        ),
        "layer": Target(resolved(fv.layer), {"layer": LAYER, "reduce": choice("squares", "mean")}, {"layer": "auto"}),
        "class_score": Target(resolved(fv.class_score), {"classes": wholes(0, 23).called("class")}),
        "direction": Target(
            resolved(fv.direction), {"layer": choice("mixed0"), "vectors": NEVER.called("direction")},
            {"layer": "mixed0", "vectors": np.ones(net.layers["mixed0"])},
        ),
        "weighted": Target(
            lambda factor: factor * goal, {"factor": numbers().called("objective")},
            right=lambda result, value: np.isfinite(result.terms[0].weight).all(),
        ),
        "added": Target(lambda other: goal + other, {"other": NEVER.called("objective")}),
        "L2": Target(fv.L2, {"weight": numbers(0)}, {}, plug_is_finite),
        "Norm": Target(fv.Norm, {"weight": numbers(0), "p": number(1, 1000)}, {"weight": 1.0}, plug_is_finite),
        "TotalVariation": Target(
            fv.TotalVariation, {"weight": numbers(0), "beta": number(1, 3), "isotropic": FLAG}, {"weight": 1.0},
            plug_is_finite,
        ),
        "GaussianBlur": Target(
            fv.GaussianBlur, {"sigma": numbers(0), "every": EVERY}, {"sigma": 1.0}, plug_is_finite
        ),
        "Bilateral": Target(
            fv.Bilateral,
            {"sigma": numbers(0, 128), "tone": numbers(0), "every": EVERY, "radius": whole(1, 256).or_none()},
            {"sigma": 1.0, "tone": 1.0}, plug_is_finite,
        ),
        "ClipNorm": Target(fv.ClipNorm, {"percentile": numbers(0, 100), "every": EVERY}, {"percentile": 5}, plug_is_finite),
        "ClipContribution": Target(
            fv.ClipContribution, {"percentile": numbers(0, 100), "every": EVERY}, {"percentile": 5}, plug_is_finite
        ),
        "WeightDecay": Target(
            fv.WeightDecay, {"amount": numbers(0, below=1), "every": EVERY}, {"amount": 0.1}, plug_is_finite
        ),
        "Jitter": Target(fv.Jitter, {"pixels": numbers(0)}, {}, plug_is_finite),
        "Scale": Target(
            fv.Scale, {"high": numbers(1), "low": numbers(more_than=0, most=1.5).or_none()}, {"high": 1.5},
            plug_is_finite,
        ),
        "Rotate": Target(
            fv.Rotate, {"high": numbers(0, 360), "low": numbers(-360, 5).or_none()}, {"high": 5}, plug_is_finite
        ),
        "Flip": Target(fv.Flip, {"horizontal": numbers(0, 1), "vertical": numbers(0, 1)}, {}, plug_is_finite),
        "Pad": Target(fv.Pad, {"pixels": numbers(0)}, {}, plug_is_finite),
        "standard": Target(fv.standard, {"strength": numbers(0, below=20)}, {},
                           lambda result, value: all(plug_is_finite(part, value) for part in result.parts)),
        "Compose": Target(lambda transform: fv.Compose(transform), {"transform": NEVER.called("compose")}),
        "a transform called": Target(
            fv.Jitter(2), {"images": PICTURES, "seed": whole(-(2**63), 2**63 - 1), "step": whole(0, 2**40)},
            {"images": three}, lambda result, value: np.isfinite(result).all() and result.shape[1:] == (SIDE, SIDE, 3),
        ),
        "Adam": Target(fv.Adam, {"step_size": numbers(more_than=0)}, {}, plug_is_finite),
        "GradientAscent": Target(fv.GradientAscent, {"step_size": numbers(more_than=0)}, {}, plug_is_finite),
        "Octaves": Target(
            fv.Octaves, {"count": numbers(1, 64, fits=lambda v: v == int(v)), "scale": numbers(1), "detail": FLAG}, {},
            plug_is_finite,
        ),
        "Pixels": Target(fv.Pixels, {"noise": number(more_than=0, most=1)}),
        "Fourier": Target(fv.Fourier, {"noise": number(more_than=0, most=1000), "decorrelate": FLAG}),
        "grid": Target(
            lambda axis: fv.grid(axis=axis),
            {"axis": Kind(lambda v: np.ndim(v if not isinstance(v, list) or v != [[1], [2, 3]] else [[1]]) < 2 and _plain(v))},
            right=lambda result, value: len(result.axis) == max(1, np.size(value)),
        ),
        "score": Target(
            fv.score,
            {"backbone": NEVER, "objective": NEVER, "images": PICTURES, "batch": whole(1)},
            {"backbone": net, "objective": goal, "images": three},
            lambda result, value: np.isfinite(result).all(),
        ),
        "robustness": Target(
            fv.robustness,
            {"backbone": NEVER, "objective": NEVER, "images": PICTURES, "transform": NEVER, "draws": whole(1, 10_000),
             "seed": whole(-(2**63), 2**63 - 1)},
            {"backbone": net, "objective": goal, "images": three, "transform": fv.Jitter(2), "draws": 1},
            lambda result, value: len(result) == len(images()),
        ),
        "load_image": Target(
            fv.load_image,
            {"path": NEVER.called("image", "file"), "size": whole(1, 16_384).or_none()}, {"path": photo}, picture_of(square),
        ),
        "photograph": Target(
            fv.photograph, {"name": NEVER.called("image", "file"), "size": whole(1, 16_384).or_none()}, {"name": "china"},
            lambda result, value: value is None or result.shape == (value, value, 3),
        ),
        "save_image": Target(
            fv.save_image, {"image": NEVER, "path": NEVER.called("file", "image", "picture", "ending")},
            {"image": three[0], "path": photo},
        ),
        "to_uint8": Target(
            fv.to_uint8, {"images": Kind(_floats, ("image", "to_uint8"))},
            right=lambda result, value: result.dtype == np.uint8,
        ),
        "from_uint8": Target(
            fv.from_uint8,
            {"images": Kind(lambda v: isinstance(v, np.ndarray) and v.dtype == np.uint8, ("from_uint8",))},
            right=lambda result, value: np.abs(result).max() <= 1,
        ),
        "resize": Target(
            fv.resize, {"images": Kind(lambda v: isinstance(v, np.ndarray) and v.ndim == 4 and v.dtype.kind == "f", ("image",)),
                        "size": any_size()}, {"images": three, "size": 20},
            lambda result, value: result.ndim == 4 and np.isfinite(result).all(),
        ),
        "noise": Target(
            fv.noise, {"size": any_size(), "seeds": NEVER, "keys": NEVER, "strength": number(more_than=0, most=1)},
            {"size": 8, "seeds": [1, 2], "keys": [3, 4]}, lambda result, value: np.abs(result).max() <= 1,
        ),
        "grey": Target(
            fv.grey, {"size": any_size(), "count": whole(1, 1_000_000)}, {"size": 8},
            lambda result, value: result.ndim == 4 and not result.any(),
        ),
        "ImageFolder": Target(
            fv.ImageFolder, {"path": NEVER.called("folder"), "policy": choice("squash", "crop").called("square")},
            {"path": photo.parent}, lambda result, value: len(result) == 1,
        ),
        "open_images": Target(
            fv.open_images,
            {"source": NEVER.called("folder", "data"), "policy": choice("squash", "crop").called("square"), "count": whole(1, 1_000_000)},
            {"source": photo.parent},
        ),
        "ShapesImages": Target(
            fv.ShapesImages, {"count": whole(1, 1_000_000), "seed": whole(0, 2**63 - 1), "size": whole(32, 512)},
            {"count": 2}, lambda result, value: len(result) >= 1,
        ),
        "shapes.draw": Target(
            fv.shapes.draw,
            {"count": whole(1, 1_000_000), "seed": whole(0, 2**63 - 1), "size": whole(32, 512),
             "classes": Kind(lambda v: v is None).called("class"), "first": whole(0, 1_000_000)}, {"count": 2, "seed": 0},
            lambda result, value: np.abs(result.images).max() <= 1,
        ),
        "data.first": Target(data().first, {"count": whole(1, 16).called("first")}, right=lambda result, value: len(result) == value),
        "data.load": Target(
            data().load, {"index": whole(0, 15).called("image"), "size": whole(1, 16_384)}, {"index": 0, "size": 32},
            lambda result, value: np.abs(result).max() <= 1,
        ),
        "data.index": Target(data().index, {"name": NEVER.called("image")}),
        "data.batches": Target(
            lambda **given: next(data().batches(**{"batch": 4, "size": 32} | given)),
            {"batch": whole(1, 4096), "size": whole(1, 16_384), "start": whole(0, 15)},
            right=lambda result, value: len(result[0]) == len(result[1]) > 0,
        ),
        "find_exemplars": Target(
            fv.find_exemplars,
            {"backbone": NEVER, "data": NEVER, "layers": LAYER, "k": whole(1, 16), "size": whole(3, 16_384).called("size", "images of").or_none(),
             "batch": whole(1, 4096), "checkpoint": Kind(lambda v: v is None or (isinstance(v, str) and v == "twelve")).called("folder"), "progress": FLAG},
            {"backbone": net, "data": data(), "layers": "mixed0", "k": 2, "progress": False},
            lambda result, value: np.isfinite(result.table["activation"]).all(),
        ),
        "neighbours": Target(
            fv.exemplars.neighbours,
            {"points": POINTS, "k": whole(1, 39), "groups": Kind(lambda v: v is None), "metric": choice("euclidean", "cosine")},
            {"points": points(), "k": 2}, lambda result, value: result.min() >= 0,
        ),
        "tsne": Target(
            lambda **given: fv.exemplars.tsne(**{"perplexity": 3, "steps": 250} | given),
            {"points": Kind(lambda v: POINTS.fits(v) and np.ptp(v) > 0), "perplexity": number(more_than=0, most=39), "seed": whole(0, 2**32 - 1), "steps": whole(250, 10**6),
             "init": choice("pca", "random")},
            {"points": points()}, lambda result, value: np.isfinite(result).all(),
        ),
        "snap_to_grid": Target(
            fv.exemplars.snap_to_grid, {"places": NEVER, "columns": whole(1, 40)}, {"places": points()[:, :2], "columns": 4},
            lambda result, value: len(np.unique(result, axis=0)) == 40,
        ),
        "embed": Target(
            fv.exemplars.embed,
            {"backbone": NEVER, "images": PICTURES, "layers": LAYER, "batch": whole(1, 4096)},
            {"backbone": net, "images": three, "layers": "mixed0"},
            lambda result, value: all(np.isfinite(rows).all() for rows in result.values()),
        ),
        "colour_shares": Target(fv.models.filters.colour_shares, {"kernels": Kind(lambda v: isinstance(v, np.ndarray) and v.ndim == 4 and v.shape[-1] == 3)}),
        "exemplars.top": Target(
            found.top,
            {"layer": choice("mixed0", "auto"), "channel": whole(0, 23), "pooling": choice("mean", "max").called("pool"),
             "k": whole(1, 3).or_none()}, {"layer": "mixed0", "channel": 0},
            lambda result, value: all(isinstance(name, str) for name in result),
        ),
        "exemplars.percentile": Target(
            found.percentile, {"layer": choice("mixed0", "auto"), "channel": whole(0, 23), "activation": Kind(lambda v: isinstance(v, float | int) and not isinstance(v, bool) and v == v)},
            {"layer": "mixed0", "channel": 0, "activation": 0.5}, lambda result, value: 0 <= result <= 100,
        ),
        "Exemplars.load": Target(fv.Exemplars.load, {"folder": NEVER.called("scan")}),
        "distance": Target(fv.distance, {"net": choice("pixels").called("distance"), "download": FLAG}, {"net": "pixels"}),
        "distance.pairs": Target(
            pixels.pairs, {"first": PICTURES, "second": PICTURES.called("image", "picture", "batch")}, {"first": three, "second": three}
        ),
        "distance.matrix": Target(
            pixels.matrix, {"first": PICTURES, "second": PICTURES.called("image", "picture", "batch")}, {"first": three, "second": three}
        ),
        "distance.summarise": Target(pixels.summarise, {"sets": NEVER.called("picture")}),
        "distance.to_sets": Target(
            pixels.to_sets, {"pictures": PICTURES, "summary": NEVER.called("set")},
            {"pictures": three, "summary": pixels.summarise({"a": three})},
        ),
        **{
            f"spectra.{name}": Target(getattr(spectra, name), {"images": FLOATS}, {}, one_each)
            for name in ("power", "contrast", "bands", "high_frequency", "orientation", "frequency", "hue", "mean_frequency")
        },
        "spectra.profile": Target(
            spectra.profile, {"images": FLOATS, "bins": whole(1, 10_000)}, {"images": three},
            lambda result, value: np.isfinite(result[1]).all(),
        ),
        "load_model": Target(
            fv.load_model,
            {"name": NEVER.called("model"), "weights": Kind(lambda v: v is None), "download": FLAG}, {"name": "shapesnet"},
        ),
        "Backbone": Target(
            fv.Backbone,
            {"model": NEVER, "name": instance(str, type(None)), "preprocess": Kind(lambda v: v is None or callable(v)),
             "default_layer": choice("mixed0").called("layer").or_none(), "traits": Kind(lambda v: v is None)},
            {"model": net.model},
        ),
        "backbone.activations": Target(
            net.activations, {"images": PICTURES, "layer": LAYER, "batch": whole(1)}, {"images": three, "layer": "mixed0"},
            lambda result, value: np.isfinite(result).all(),
        ),
        "backbone.truncate": Target(
            lambda layer="mixed0", **given: net.truncate(layer, **given),
            {"layer": LAYER, "precision": choice("float32", "mixed_bfloat16", "mixed_float16"),
             "relu": choice("plain", "redirected", "guided", "deconv"), "fold": FLAG},
        ),
        "backbone.ladder": Target(net.ladder, {"count": whole(1)}, {}, lambda result, value: set(result) <= set(net.layers)),
        "backbone.check_channels": Target(
            net.check_channels, {"layer": LAYER, "channels": wholes(0, 23)}, {"layer": "mixed0", "channels": [1]}
        ),
        "backbone.dead_channels": Target(net.dead_channels, {"images": PICTURES, "layer": LAYER}, {"images": three, "layer": "mixed0"}),
        "receptive_field": Target(
            fv.receptive_field, {"backbone": NEVER, "layer": LAYER, "size": any_size(7)}, {"backbone": net, "layer": "mixed0"},
            lambda result, value: min(result.size) > 0,
        ),
        "effective_field": Target(
            fv.effective_field,
            {"backbone": NEVER, "layer": LAYER, "images": PICTURES, "share": number(more_than=0, below=1),
             "seed": whole(0, 2**63 - 1), "batch": whole(1)},
            {"backbone": net, "layer": "mixed0", "images": three}, lambda result, value: min(result.size) > 0,
        ),
        "field.box": Target(
            field.box, {"row": whole(0, field.units[0] - 1).called("unit"), "col": whole(0, field.units[1] - 1).called("unit")},
            {"row": 0, "col": 0},
        ),
        "show": Target(
            fv.show,
            {"pictures": PICTURES, "labels": labels, "title": instance(str, type(None)), "columns": columns,
             "inch": number(more_than=0, most=1000).or_none(), "stretch": FLAG, "large": Kind(lambda v: v is None)},
            {"pictures": three},
        ),
        "compare": Target(fv.compare, {"results": NEVER, "columns": whole(1)}, {"results": {"a": three}}),
        "curves": Target(
            fv.curves, {"results": NEVER, "x": Kind(lambda v: v is None), "title": instance(str), "log": FLAG},
            {"results": {"a": [1.0, 2.0, 3.0]}},
        ),
        "spectrum_curves": Target(fv.spectrum_curves, {"batches": NEVER, "title": instance(str)}, {"batches": {"a": three}}),
        "exemplar_sheet": Target(
            fv.exemplar_sheet,
            {"exemplars": NEVER, "data": NEVER, "layer": choice("mixed0", "auto"), "channels": wholes(0, 23),
             "k": whole(1, 3).or_none(), "columns": columns},
            {"exemplars": found, "data": data(), "layer": "mixed0", "channels": [0]},
        ),
        "run_methods": Target(
            up_to_the_climb(fv.run_methods),
            {"backbone": NEVER, "layer": LAYER, "channels": wholes(0, 23), "methods": Kind(lambda v: v is None or (isinstance(v, list) and not len(v))),
             "seeds": wholes(-(2**63), 2**63 - 1), "steps": whole(1, 1_000_000), "size": SIZE},
            {"backbone": net, "layer": "mixed0", "channels": [0], "methods": ["none"], "size": SIDE, "progress": False}, begins,
        ),
        "pgd": Target(
            fv.synthesis.pgd,
            {"images": PICTURES, "classes": wholes(0, 31).called("class"), "epsilon": numbers(0, below=1),
             "norm": choice("linf", "l2"), "steps": whole(1, 1_000_000), "step_size": numbers(0, below=1).or_none(), "targeted": FLAG,
             "random_start": FLAG, "seed": whole(-(2**63), 2**63 - 1), "batch": whole(1).or_none()},
            {"backbone": net, "images": three[:1], "classes": 1, "epsilon": 0.1, "steps": 1}, picture_of(lambda value: (SIDE, SIDE)),
        ),
        "random_signs": Target(
            fv.synthesis.random_signs, {"images": PICTURES, "epsilon": numbers(0, below=1), "seed": whole(-(2**63), 2**63 - 1)},
            {"images": three[:1], "epsilon": 0.1}, picture_of(lambda value: (SIDE, SIDE)),
        ),
        "correct": Target(
            fv.synthesis.correct,
            {"images": PICTURES, "classes": wholes(0, 31).called("class", "classes", "channel"), "batch": whole(1)},
            {"backbone": net, "images": three[:1], "classes": 1}, lambda result, value: len(result) == 1,
        ),
        "fooling": Target(
            fv.synthesis.fooling,
            {"images": PICTURES, "classes": wholes(0, 31).called("class"), "probability": number(more_than=0, below=1),
             "step_size": number(more_than=0, most=1), "most_steps": whole(1, 1_000_000), "batch": whole(1).or_none()},
            {"backbone": net, "images": three[:1], "classes": 1, "most_steps": 1}, lambda result, value: np.isfinite(result.change).all(),
        ),
        "feature_distance": Target(
            fv.synthesis.feature_distance,
            {"pictures": PICTURES.called("pictures"), "images": PICTURES, "layer": LAYER, "batch": whole(1)},
            {"backbone": net, "pictures": three[:1], "images": three[:1]}, lambda result, value: np.isfinite(result).all(),
        ),
        "CPPN": Target(fv.synthesis.CPPN, {"width": whole(2, 64), "depth": whole(1, 16)}),
        "shapes_prior": Target(
            fv.synthesis.shapes_prior, {"decay": number(0, below=1), "trained": FLAG, "seed": whole(0)},
        ),
        "GeneratorPrior": Target(
            fv.synthesis.GeneratorPrior, {"decay": number(0, below=1), "spread": number(more_than=0, most=1)},
            {"generator": fv.synthesis.shapes_prior().generator, "low": -1.0, "high": 1.0},
        ),
        "StudyPlan": Target(
            lambda **given: fv.study.StudyPlan(**{"channels": [0]} | given),
            {"layer": instance(str), "channels": Kind(lambda v: isinstance(v, list) and wholes(0).fits(v)),
             "background": whole(2, 100_000), "methods": NEVER,
             "seeds": Kind(lambda v: isinstance(v, list) and wholes(0).fits(v)), "steps": whole(1, 1_000_000),
             "size": whole(32, 16_384), "k": whole(2, 1_000_000), "trial_values": whole(1, 1000).or_none(),
             "precision": choice("float32", "mixed_bfloat16", "mixed_float16")},
        ),
        "study.read": Target(fv.study.read, {"where": NEVER.called("study")}),
        "fetch": Target(fv.fetch, {"name": NEVER.called("asset", "fetch")}),
    }  # fmt: skip


def _plain(value):
    flat = list(value) if isinstance(value, list | np.ndarray) else [value]
    return len(flat) > 0 and all(isinstance(v, str | int | float | np.floating) and v == v for v in flat)


def _floats(value):
    return (isinstance(value, np.ndarray) and value.dtype.kind == "f" and np.isfinite(value).all()) or (
        isinstance(value, list) and len(value) == 1 and value == [[1.0, 2.0]]
    )
