"""`maximize`: climb an objective by changing an image (activation maximisation)."""

import os
import time
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from tqdm.auto import tqdm

from .backbone import Backbone
from .errors import DeadStart, NotFinite
from .images import resize
from .objectives import Objective
from .optimizers import Adam, Ascent
from .parameterizations import Fourier, Pixels
from .plan import Octaves, Plan
from .regularizers import Penalty, Projection
from .result import Result
from .steps import CHUNK, TILE_DRAWS
from .streams import step_uniform
from .transforms import Transform

SECONDS_PER_CHUNK = 1.0  # how often the bar moves, and how soon Ctrl-C is heard
PIXELS_PER_BATCH = 32 * 224 * 224  # measured on a CPU: 1.1 GB for InceptionV3 up to mixed6


def maximize(
    backbone: Backbone,
    objective: Objective,
    *,
    penalties: Sequence[Penalty] = (),
    projections: Sequence[Projection] = (),
    transforms: Sequence[Transform] = (),
    parameterization: Pixels | Fourier | None = None,
    optimizer: Ascent | None = None,
    octaves: Octaves | None = None,
    tile: int | None = None,
    start: np.ndarray | None = None,
    steps: int = 128,
    size: int | tuple[int, int] = 224,
    seed: int | Sequence[int] = 0,
    snapshots: Sequence[int] = (),
    redirect: int = 0,
    dead: str = "raise",
    precision: str = "float32",
    jit: bool = False,
    batch: int | None = None,
    progress: bool = True,
) -> Result:
    """Change images so that the objective grows (activation maximisation, Erhan et al., 2009).

    Every number of the objective, the penalties, the transforms, the step size and the seed may be a list with one
    entry per image; lists must have the same length, and single numbers fit any. The whole batch runs in one
    compiled loop, and another call of the same structure reuses it.

    Args:
        backbone: the network.
        objective: what to climb, see `objectives`.
        penalties: subtracted from the objective.
        projections: applied to the pixels after each step.
        transforms: random changes of what the network sees, in this order.
        parameterization: `Pixels()` (default) or `Fourier()`.
        optimizer: `Adam(0.05)` (default) or `Ascent(step)`; both see the gradient divided by its standard deviation.
        octaves: coarse-to-fine sizes; `steps` is then the number of steps at each size.
        tile: side in pixels; the gradient is then computed tile by tile, which bounds memory for large images.
        start: (N, H, W, 3) or (H, W, 3) images in [-1, 1] to start from; weak noise by default.
        steps: > 0.
        size: side, or (height, width), in pixels; ignored with `start`.
        seed: integer. Start and draws depend on the seed and on what the image climbs, not on the rest of the batch.
        snapshots: numbers of steps after which to keep the images (0 = the start); not with octaves.
        redirect: for this many first steps ReLU passes gradients below zero, a remedy for a dead start.
        dead: "raise" an error for a start without gradient, or "mark" it (`result.dead`, images NaN).
        precision: "float32", or "mixed_bfloat16" / "mixed_float16" for the network.
        jit: compile the loop with XLA, meant for long runs on a GPU; on a CPU it is slower.
        batch: most images at once; chosen from the image size by default.
        progress: show a progress bar.

    Returns:
        The result; after Ctrl-C, what there is so far.

    Raises:
        ValueError: numbers that do not fit each other, the image or the network.
        DeadStart: an image without gradient at its start (with dead="raise").
        NotFinite: NaN or infinity, naming what the image climbs and the step.
    """
    plan = Plan(
        backbone=backbone,
        objective=objective,
        penalties=penalties,
        projections=projections,
        transforms=transforms,
        parameterization=parameterization or Pixels(),
        optimizer=optimizer or Adam(),
        octaves=octaves,
        tile=tile,
        start=start,
        steps=steps,
        size=size,
        seed=seed,
        snapshots=sorted(set(snapshots)),
        redirect=redirect,
        dead=dead,
        precision=precision,
        jit=jit,
    )
    height, width = plan.sizes[-1]
    batch = min(plan.count, batch or max(1, PIXELS_PER_BATCH // (height * width)))
    pieces: list[dict] = []
    total = steps * len(plan.sizes) * plan.count
    # tqdm's bar for notebooks does not read its own environment variable.
    quiet = not progress or os.environ.get("TQDM_DISABLE", "0") not in ("", "0")
    with tqdm(total=total, unit="image-step", leave=False, disable=quiet) as bar:
        for first in range(0, plan.count, batch):
            # The last batch is filled up with repeats, so that it has the size that is already compiled.
            index = np.minimum(np.arange(first, first + batch), plan.count - 1)
            pieces.append(_climb(plan, index, min(batch, plan.count - first), bar))
            if pieces[-1]["interrupted"]:
                break
    return _gather(plan, pieces)


def _climb(plan: Plan, index: np.ndarray, keep: int, bar: tqdm) -> dict:
    """Run one batch through every octave; return the first `keep` images and their records."""
    piece = {"keep": keep, "history": [], "snapshots": {}, "terms": None, "interrupted": False}
    starts, images = plan.starts(index), None
    for octave, size in enumerate(plan.sizes):
        if octave == 0 and starts is None:
            seeds, keys = [plan.seeds[i] for i in index], [plan.keys[i] for i in index]
            parameters = plan.parameterization.start(seeds, keys, *size)
        else:
            images = resize(starts if octave == 0 else images, size)
            if octave and starts is not None and plan.octaves.detail:
                images += resize(starts, size) - resize(resize(starts, plan.sizes[octave - 1]), size)
            parameters = plan.parameterization.encode(np.clip(images, -1.0, 1.0))
        images = _ascend(plan, index, tf.constant(parameters), octave, piece, bar)
        if piece["interrupted"]:
            images = resize(images, plan.sizes[-1])
            break
    return piece | {"images": images[:keep]}


def _ascend(plan: Plan, index: np.ndarray, parameters: tf.Tensor, octave: int, piece: dict, bar: tqdm) -> np.ndarray:
    """Take all steps at one size, a chunk at a time, with one wait for the device per chunk."""
    size, numbers, keep = plan.sizes[octave], plan.numbers(index), piece["keep"]
    slots = tuple(tf.zeros_like(parameters) for _ in range(plan.optimizer.slots))
    stops = {*plan.snapshots, plan.redirect, plan.steps}
    done, chunk = 0, 4  # a short first chunk: a dead start is told at once, and the bar moves soon

    def show() -> np.ndarray:
        return plan.parameterization.decode(parameters, *size).numpy()

    if 0 in plan.snapshots:
        piece["snapshots"][0] = show()[:keep]
    while done < plan.steps:
        until = min(min(stop for stop in stops if stop > done), done + chunk)
        draws = _draws(plan, index, octave * plan.steps + done, until - done)
        control = [tf.constant(value) for value in (draws, done, until - done, until == plan.steps)]
        arguments = (parameters, slots, numbers, *control)
        began = time.perf_counter()
        try:
            parameters, slots, history, terms = plan.run(len(index), size, done < plan.redirect, arguments)
            rows = history.numpy()[: until - done, :keep]
        except KeyboardInterrupt:
            piece["interrupted"] = True
            break
        seconds = time.perf_counter() - began
        _look_for_trouble(plan, index, rows, done, octave)
        piece["history"].append(rows)
        bar.update(rows.shape[0] * rows.shape[1])
        done, chunk = until, int(np.clip(SECONDS_PER_CHUNK * (until - done) / seconds, 1, CHUNK))
        if done in plan.snapshots:
            piece["snapshots"][done] = show()[:keep]
        if done == plan.steps:
            piece["terms"] = terms.numpy()[:keep]
    return show()


def _draws(plan: Plan, index: np.ndarray, first: int, steps: int) -> np.ndarray:
    """Return (N, CHUNK, K) random numbers, of which the first `steps` rows are used."""
    count = sum(transform.draws for transform in plan.transforms) + (TILE_DRAWS if plan.tile else 0)
    draws = np.zeros((len(index), CHUNK, count), np.float32)
    if count:
        for row, i in enumerate(index):
            draws[row, :steps] = step_uniform(plan.seeds[i], plan.keys[i], first, steps, count)
    return draws


def _look_for_trouble(plan: Plan, index: np.ndarray, rows: np.ndarray, done: int, octave: int) -> None:
    """Raise NotFinite or DeadStart when the (steps, N, columns) history asks for it."""
    bad = np.argwhere(~np.isfinite(rows).all(axis=2))
    if len(bad):
        step, image = bad[0]
        raise NotFinite(
            f"NaN or infinity at step {done + step} while climbing {plan.names[index[image]]}. "
            "A smaller step_size or smaller weights usually help."
        )
    plain = plan.redirect - done  # the first step whose gradient is the network's own
    if plan.dead == "raise" and octave == 0 and 0 <= plain < len(rows):
        still = [plan.names[index[i]] for i in np.flatnonzero(rows[plain, :, 1] == 0.0)]
        if still:
            raise DeadStart(
                f"No gradient at the start for {', '.join(still)}: the unit is off everywhere on this image, so there "
                "is nothing to climb. Try stronger noise (parameterization=fv.Pixels(noise=0.5)), redirect=16, another "
                "seed, or an image of the data set as the start. A channel that no image of the data set switches on "
                "is dead for good: see backbone.dead_channels(images, layer). dead='mark' goes on with the others."
            )


def _gather(plan: Plan, pieces: list[dict]) -> Result:
    """Put the batches back together."""
    terms_of = len(plan.objective.terms)
    for piece in pieces:
        empty = np.zeros((0, piece["keep"], 3 + len(plan.penalties)), np.float32)
        piece["history"] = np.concatenate([empty, *piece["history"]])
        if piece["terms"] is None:
            piece["terms"] = np.full((piece["keep"], terms_of), np.nan, np.float32)
    steps = min(len(piece["history"]) for piece in pieces)
    history = np.concatenate([piece["history"][:steps] for piece in pieces], axis=1)
    images = np.concatenate([piece["images"] for piece in pieces])
    terms = np.concatenate([piece["terms"] for piece in pieces])
    weights = np.stack([term.weight for term in plan.objective.terms], axis=1)[: len(images)]
    dead = history[plan.redirect, :, 1] == 0.0 if steps > plan.redirect else np.zeros(len(images), bool)
    images[dead] = np.nan
    moments = sorted(set.intersection(*(set(piece["snapshots"]) for piece in pieces)))
    columns = ["objective", "gradient_norm", *(penalty.name for penalty in plan.penalties)]
    return Result(
        images=images,
        activations=(terms * weights).sum(axis=1),
        terms=terms,
        history={name: history[:, :, column] for column, name in enumerate(columns)},
        snapshots={moment: np.concatenate([piece["snapshots"][moment] for piece in pieces]) for moment in moments},
        labels=plan.names[: len(images)],
        dead=dead,
        interrupted=any(piece["interrupted"] for piece in pieces),
        config=plan.describe(),
    )
