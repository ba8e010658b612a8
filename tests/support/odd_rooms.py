"""More rows of the table of tests/fuzz: what the rooms of Part II offer."""

# ruff: noqa: E501 (a row of a table is a line)

from contextlib import suppress
from unittest import mock

import featviz_helpers as fv
import numpy as np
from featviz_helpers import attribution, classroom, data, exemplars, explorer, plots, synthesis
from support.networks import shapesnet
from support.odd_inputs import FLAG, NEVER, PICTURES, Kind, Target, choice, instance, number, numbers, whole, wholes
from support.odd_table import LAYER, POINTS, SIDE, Reached, begins, images, points, up_to_the_climb

SEED = whole(-(2**63), 2**63 - 1)
FROM_ZERO = whole(0, 2**63 - 1)
BATCH = whole(1).or_none()
LAYERS = Kind(lambda v: v is None, ("layer",))
MAPPED = choice("mixed0", "mixed4", "auto").or_none().called("layer")
BASELINE = Kind(lambda v: isinstance(v, str) and v in ("grey", "black", "blur", "noise"), ("baseline",))
STYLE = {"blend": Kind(lambda v: v is None or number(more_than=0, below=1e19).fits(v)), "power": whole(1, 2)}
FILE = Kind(lambda v: isinstance(v, str) and v and "\0" not in v)
FILE_OF_ANSWERS = Kind(lambda v: isinstance(v, str) and v.endswith(".npz"), ("path", "ending", "file"))
ANSWER = Kind(
    lambda v: (
        v is None
        or isinstance(v, str)
        or (not (isinstance(v, list) and v == [[1], [2, 3]]) and np.asarray(v).dtype.kind in "fiub")
    )
)
FLOATS = Kind(lambda v: isinstance(v, np.ndarray) and v.dtype.kind == "f" and v.ndim == 4 and np.isfinite(v).all())


def maps_of(result, value):
    return np.shape(result)[-2:] == (SIDE, SIDE) and np.isfinite(result).all()


def finite(result, value):
    return np.isfinite(np.asarray(result, float)).all()


def integrated(result, value):
    return maps_of(result.maps, value)


def texture(result, value):
    return np.isfinite(result.image).all() and np.abs(result.image).max() <= 1


def attribution_rows(net, three):
    one = {"backbone": net, "objective": fv.class_score(1), "images": three[:1]}
    shared = {"images": PICTURES, "batch": BATCH, "objective": NEVER.called("objective")}
    signed = {**shared, "signed": FLAG}
    baseline = {"baseline": BASELINE, "seed": SEED}
    masks = np.zeros((1, SIDE, SIDE), bool)
    masks[:, :8] = True
    maps = np.random.default_rng(0).random((1, SIDE, SIDE)).astype(np.float32)
    mosaics = {"images": np.repeat(three, 4, axis=0), "labels": np.arange(12) % 4, "count": 2}
    return {
        "gradient": Target(attribution.gradient, {**shared, "relu": choice("plain", "redirected", "guided", "deconv")}, one, finite),
        "saliency": Target(attribution.saliency, signed, one, maps_of),
        "gradient_times_input": Target(attribution.gradient_times_input, shared, one, maps_of),
        "smoothgrad": Target(
            attribution.smoothgrad, {**signed, "noise": number(0, 100), "samples": whole(1, 100_000), "seed": SEED}, {**one, "samples": 1}, maps_of
        ),
        "integrated_gradients": Target(
            attribution.integrated_gradients,
            {**shared, **baseline, "steps": whole(1, 1).called("steps", "most_steps"), "tolerance": number(0, 1e12), "most_steps": whole(1).or_none()},
            {**one, "steps": 1, "most_steps": 1, "tolerance": 1.0}, integrated,
        ),
        "guided_backprop": Target(attribution.guided_backprop, shared, one, finite),
        "deconvnet": Target(attribution.deconvnet, shared, one, finite),
        "grad_cam": Target(attribution.grad_cam, {**shared, "layer": MAPPED, "relu": FLAG, "enlarge": FLAG}, one, finite),
        "guided_grad_cam": Target(attribution.guided_grad_cam, {**shared, "layer": MAPPED}, one, finite),
        "score_cam": Target(
            attribution.score_cam, {**shared, **baseline, "layer": MAPPED, "channels": whole(1).or_none()}, {**one, "channels": 1}, maps_of
        ),
        "occlusion": Target(
            attribution.occlusion,
            {**shared, **baseline, "window": whole(1, SIDE).or_none(), "stride": whole(1, 20).or_none(), "enlarge": FLAG},
            {**one, "window": 20}, finite,
        ),
        "baseline_images": Target(
            attribution.baseline_images, {"images": PICTURES, "kind": BASELINE, "seed": SEED}, {"images": three[:1]}, finite
        ),
        "peak_neuron": Target(
            attribution.peak_neuron, {"layer": choice("auto", "mixed0"), "channel": whole(0, 23), "images": PICTURES},
            {"backbone": net, "layer": "mixed0", "channel": 1, "images": three[:1]},
        ),
        "randomised": Target(
            attribution.randomised, {"layers": Kind(lambda v: v is None or (isinstance(v, list) and not v), ("layer",)), "seed": FROM_ZERO, "images": PICTURES.or_none()},
            {"backbone": net, "images": three[:1]},
        ),
        "cascade": Target(
            lambda **given: next(attribution.cascade(**given)),
            {"seed": FROM_ZERO, "images": PICTURES.or_none(), "count": whole(1, 10_000).or_none()}, {"backbone": net, "images": three[:1], "count": 1},
        ),
        "magnitude": Target(attribution.magnitude, {"gradients": Kind(lambda v: isinstance(v, np.ndarray) and v.ndim == 4, ("gradient",))}, {"gradients": three}, finite),
        "rank_correlation": Target(
            attribution.rank_correlation, {"first": NEVER.called("map", "first"), "absolute": FLAG}, {"first": maps, "second": maps[..., ::-1]}, finite
        ),
        "mosaics": Target(
            attribution.mosaics, {"images": NEVER.called("image"), "labels": NEVER.called("label"), "count": whole(1, 10_000), "seed": FROM_ZERO}, mosaics
        ),
        "share_inside": Target(
            attribution.share_inside, {"maps": NEVER.called("map"), "masks": Kind(lambda v: getattr(v, "shape", 0) == (SIDE, SIDE), ("mask",))}, {"maps": maps, "masks": masks}, finite
        ),
        "removal_curves": Target(
            attribution.removal_curves,
            {**baseline, "classes": wholes(0, 31).called("class"), "images": PICTURES, "maps": NEVER.called("map"), "points": whole(2, 1000),
             "probability": FLAG, "batch": BATCH},
            {"backbone": net, "classes": 1, "images": three[:1], "maps": maps, "points": 2},
        ),
    }  # fmt: skip


def synthesis_rows(net, three):
    source = three[0]
    classes = wholes(0, 31).called("class")
    small = {"source": source, "size": 12}
    return {
        "efros_leung": Target(
            synthesis.efros_leung,
            {"source": NEVER.called("source"), "size": whole(3, 1024),
             "window": Kind(lambda v: whole(3, SIDE).fits(v) and v % 2 == 1), "tolerance": number(0, 10), "seed": FROM_ZERO, "progress": FLAG},
            {**small, "window": 5, "progress": False}, texture,
        ),
        "quilt": Target(
            synthesis.quilt,
            {"source": NEVER.called("source"), "size": whole(4, 1024),
             "block": whole(4, SIDE), "overlap": whole(1, 4).or_none(), "tolerance": number(0, 10), "seed": FROM_ZERO},
            {**small, "block": 8}, texture,
        ),
        "seam": Target(synthesis.seam, {"costs": Kind(lambda v: (isinstance(v, np.ndarray) and v.ndim == 2) or (isinstance(v, list) and v == [[1.0, 2.0]]), ("cost",))}, {"costs": np.eye(4)}, finite),
        "fgsm": Target(
            synthesis.fgsm, {"images": PICTURES, "classes": classes, "epsilon": numbers(0, below=1), "targeted": FLAG, "batch": BATCH},
            {"backbone": net, "images": three[:1], "classes": 1, "epsilon": 0.1}, finite,
        ),
        "smallest_epsilon": Target(
            synthesis.smallest_epsilon,
            {"images": PICTURES, "classes": classes, "most": number(more_than=0, most=1e6), "rounds": whole(1, 20), "attack": Kind(callable)},
            {"backbone": net, "images": three[:1], "classes": 1, "most": 0.01, "rounds": 1, "attack": synthesis.fgsm},
        ),
        "gram_matrices": Target(
            synthesis.gram_matrices, {"images": PICTURES, "layer": LAYER, "batch": whole(1)},
            {"backbone": net, "images": three[:1], "layer": "mixed0"}, finite,
        ),
        "gram_texture": Target(
            up_to_the_climb(synthesis.gram_texture), {"style": PICTURES.called("style", "image"), "layers": LAYERS, **STYLE},
            {"backbone": net, "style": three[:1], "progress": False}, begins,
        ),
        "style_transfer": Target(
            up_to_the_climb(synthesis.style_transfer),
            {"content": PICTURES.called("content"), "style": PICTURES.called("style", "image"), "layers": LAYERS,
             "content_layer": LAYER.called("layer"), "content_weight": numbers(0), **STYLE},
            {"backbone": net, "content": three[:1], "style": three[:1], "progress": False}, begins,
        ),
        "style_distance": Target(
            synthesis.style_distance, {"style": PICTURES.called("style", "image"), "layers": LAYERS, **STYLE}, {"backbone": net, "style": three[:1]}
        ),
        "style_layers": Target(synthesis.style_layers, {"count": whole(1)}, {"backbone": net}),
        "invert": Target(
            up_to_the_climb(synthesis.invert),
            {"images": PICTURES, "layer": LAYER, "start": PICTURES.or_none().called("start"), "penalties": Kind(lambda v: v is None or (isinstance(v, list) and not v))},
            {"backbone": net, "images": three[:1], "progress": False}, begins,
        ),
        "lbfgs": Target(
            synthesis.lbfgs, {"objective": NEVER, "start": PICTURES.called("start"), "steps": whole(1, 1_000_000)},
            {"backbone": net, "objective": fv.channel("mixed0", 1), "start": three[:1], "steps": 1},
        ),
        "match_colours": Target(
            synthesis.match_colours, {"images": PICTURES, "wanted": PICTURES.called("wanted")}, {"images": three[:1], "wanted": three[1:2]}, finite
        ),
        "nearest_patches": Target(
            synthesis.nearest_patches, {"image": NEVER, "source": NEVER.called("source"), "side": whole(1, SIDE), "every": whole(1)},
            {"image": source, "source": three[1], "side": 8, "every": 16}, finite,
        ),
        "pairwise_similarity": Target(
            synthesis.pairwise_similarity, {"pictures": NEVER.called("picture"), "layer": LAYER, "features": choice("gram", "mean"), "batch": whole(1)},
            {"backbone": net, "pictures": three[:2], "layer": "mixed0"}, finite,
        ),
        "Diversity": Target(
            lambda **given: fv.score(net, synthesis.Diversity(**given), three[:2]), {"layer": LAYER, "groups": Kind(lambda v: v is None or whole(0, 2**31 - 1).fits(v), ("group",))},
            {"layer": "mixed0"}, finite,
        ),
        "SharedFrames": Target(synthesis.SharedFrames, {"shares": wholes(1, 16_384).called("share"), "own": number(more_than=0, most=1), "noise": number(more_than=0, most=1000)}),
        "frame_change": Target(synthesis.frame_change, {"frames": NEVER.called("frame")}, {"frames": three}, finite),
    }  # fmt: skip


def other_rows(net, three, folder):
    labels = [n % 2 for n in range(len(points()))]
    return {
        "embed": Target(
            exemplars.embed, {"images": PICTURES, "layers": choice("auto", "mixed0", "logits").called("layer"), "size": whole(1, 16_384).or_none(), "batch": whole(1, 4096)},
            {"backbone": net, "images": three[:1], "layers": "mixed0"},
        ),
        "facets": Target(
            exemplars.facets,
            {"images": NEVER.called("image"), "count": whole(2, 24), "layer": LAYER, "nearest": whole(1), "components": whole(1), "seed": whole(0, 2**32 - 1), "batch": whole(1, 4096)},
            {"backbone": net, "images": np.tile(three, (8, 1, 1, 1)) * np.linspace(0.1, 1, 24, dtype=np.float32)[:, None, None, None], "layer": "mixed0"},
        ),
        "kept_neighbours": Target(
            exemplars.kept_neighbours, {"points": POINTS, "others": POINTS, "k": whole(1, len(points()) - 1), "groups": Kind(lambda v: v is None, ("group",))},
            {"points": points(), "others": points()}, finite,
        ),
        "right_by_neighbours": Target(
            exemplars.right_by_neighbours,
            {"points": POINTS, "labels": NEVER.called("label"), "k": whole(1, len(points()) - 1), "metric": choice("euclidean", "cosine"), "groups": Kind(lambda v: v is None, ("group",))},
            {"points": points(), "labels": labels}, finite,
        ),
        "scramble": Target(exemplars.scramble, {"images": FLOATS.called("image"), "seed": whole(0)}, {"images": three}, finite),
        "two_alternatives": Target(
            exemplars.two_alternatives, {"activations": NEVER.called("activation"), "sources": NEVER.called("source"), "count": whole(1, 2), "references": whole(1, 20), "seed": FROM_ZERO},
            {"activations": np.arange(40.0)[:, None] * [[1.0, -1.0]], "sources": [f"{n}" for n in range(40)], "count": 1},
        ),
        "tuning_curves": Target(
            fv.metrics.tuning_curves, {"layer": choice("auto", "mixed0").called("layer"), "count": whole(32, 1_000_000), "seed": FROM_ZERO}, {"backbone": net, "layer": "mixed0", "count": 32},
        ),
        "save_gif": Target(
            data.save_gif, {"frames": PICTURES.called("frame"), "path": NEVER.called("path", "file", "ending"), "milliseconds": whole(10, 60_000), "back": FLAG},
            {"frames": three, "path": folder / "a.gif"},
        ),
        "bars": Target(
            plots.bars, {"results": NEVER, "x": Kind(lambda v: isinstance(v, list) and v == ["a", "b"]), "title": instance(str), "xlabel": instance(str), "ylabel": instance(str), "digits": whole(0, 15)},
            {"results": {"a": [1.0, 2.0]}, "x": ["one", "two"]},
        ),
        "overlay": Target(
            plots.overlay, {"images": NEVER.called("image"), "maps": NEVER.called("map"), "title": instance(str, type(None))},
            {"images": three, "maps": {"a": np.zeros((3, SIDE, SIDE), np.float32)}},
        ),
        "zoom": Target(
            plots.zoom, {"pictures": PICTURES, "title": instance(str, type(None)), "side": whole(1, SIDE), "stretch": FLAG}, {"pictures": three, "side": 8},
        ),
        "image_scatter": Target(
            plots.image_scatter, {"images": NEVER.called("image"), "maps": NEVER.called("map"), "thumb": whole(8, 968), "title": instance(str, type(None))},
            {"images": three, "maps": {"a": points()[:3, :2]}},
        ),
        "point_maps": Target(
            plots.point_maps, {"rows": NEVER.called("map"), "title": instance(str, type(None)), "one_scale": FLAG},
            {"rows": {"": {"a": points()[:, :2]}}},
        ),
        "heat": Target(plots.heat, {"values": Kind(lambda v: (isinstance(v, np.ndarray) and v.ndim == 2 and v.dtype.kind in "fiu") or (isinstance(v, list) and bool(v) and isinstance(v[0], list) and len(v) == 1)), "size": whole(1, 16_384)}, {"values": np.eye(4), "size": 8}, finite),
    }  # fmt: skip


def up_to_the_search(call, part, ends=None):
    """The call without what it does once its arguments are accepted."""

    def called(**given):
        with mock.patch(part, side_effect=ends), suppress(Reached):
            return call(**given)

    return called


def window(folder):
    """A window on a network that answers no request, and what it may be asked for."""
    with mock.patch("featviz_helpers.explorer.session.Worker"):
        opened = explorer.explore(shapesnet(), fv.ShapesImages(64), layer="mixed0")
    return Target(
        up_to_the_search(opened.go, "featviz_helpers.explorer.browser.Explorer.figure"),
        {
            "layer": choice("auto", "mixed0", "logits").or_none(),
            "channel": whole(0, 23).or_none(),
            "label": Kind(lambda v: v is None, ("class",)),
            "image": Kind(lambda v: v is None),
        },
    )


def explorer_rows(net, folder):
    shapes = fv.ShapesImages(16)
    network = {"backbone": instance(fv.Backbone), "data": NEVER}
    made = {
        "k": whole(1, 16),
        "size": whole(32, 512),
        "steps": whole(1, 100_000),
        "precision": choice("float32", "auto"),
    }
    one = {"backbone": net, "data": shapes}
    return {
        "explore": Target(
            up_to_the_search(explorer.explore, "featviz_helpers.explorer.browser.Session"),
            {**network, "data": NEVER.or_none(), "atlas": Kind(lambda v: v is None, ("atlas",)), "layer": LAYER, "channel": whole(0, 23), "k": whole(1, 16),
             "size": whole(32, 512).or_none(), "seed": SEED},
            {**one, "layer": "mixed0"},
        ),
        "Explorer.go": window(folder),
        "write_atlas": Target(
            up_to_the_search(explorer.write_atlas, "featviz_helpers.explorer.atlas.exclusive", Reached),
            {**network, **made, "folder": FILE.called("folder"), "layers": LAYER, "seeds": whole(1, 8)}, {"folder": folder / "atlas", **one, "layers": "mixed0"},
        ),
        "LayerStore": Target(
            explorer.LayerStore, {**network, **made, "folder": FILE.called("folder"), "layer": LAYER},
            {"folder": folder / "store", **one, "layer": "mixed0", "k": 3, "size": 32, "steps": 2},
        ),
    }  # fmt: skip


def classroom_rows(three, folder):
    dreams = classroom.Variant("dreams", "ada")
    sheet = {"assignment": "dreams", "student": "ada", "path": folder / "answers.npz"}
    names = {
        "assignment": choice("dreams"),
        "student": Kind(lambda v: isinstance(v, str) and v.strip() and v.isprintable()),
    }

    def asked(call):
        return lambda **given: call(classroom.Sheet(**sheet), **given)

    return {
        "Variant": Target(classroom.Variant, names, {"assignment": "dreams", "student": "ada"}),
        "Sheet": Target(classroom.Sheet, {**names, "path": FILE_OF_ANSWERS}, sheet),
        "Sheet.try_out": Target(
            asked(lambda sheet, question, function: function is int or sheet.try_out(question, function)), {"question": NEVER, "function": Kind(callable)}, {"question": "words", "function": lambda given: None},
        ),
        "Sheet.hand_in": Target(
            asked(classroom.Sheet.hand_in), {"question": Kind(lambda v: isinstance(v, str) and v.isidentifier()), "answer": ANSWER.called("words")},
            {"question": "words", "answer": "a cat"},
        ),
        "climb": Target(classroom.climb, {"image": PICTURES, "channel": whole(0, 95)}, {"image": three[:1], "channel": 1}, texture_of),
        "grade": Target(
            classroom.grade, {"variant": NEVER, "answers": Kind(lambda v: isinstance(v, dict))}, {"variant": dreams, "answers": {}},
            lambda marks, value: all(mark.points == 0 for mark in marks.values()),
        ),
        "read_answers": Target(classroom.read_answers, {"path": NEVER.called("path", "file")}),
    }  # fmt: skip


def texture_of(result, value):
    return np.isfinite(result).all() and np.abs(result).max() <= 1


def table(folder):
    """Return the rows, by name."""
    net, three = shapesnet(), images()
    rows = attribution_rows(net, three) | synthesis_rows(net, three) | other_rows(net, three, folder)
    return rows | explorer_rows(net, folder) | classroom_rows(three, folder)
