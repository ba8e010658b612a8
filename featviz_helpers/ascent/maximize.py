"""`maximize`: climb an objective by changing an image (activation maximisation)."""

import time
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from ..common.errors import DeadStart, NotFinite
from ..common.progress import bar as progress_bar
from ..common.random_streams import step_uniform
from ..data.images import resize
from ..models.backbone import Backbone
from .arguments import Plan
from .objectives import Objective
from .octaves import Octaves
from .optimizers import Adam, Ascent
from .parameterizations import Parameterization, Pixels
from .penalties import Penalty
from .projections import Projection
from .result import Result, gather
from .step import CHUNK, TILE_DRAWS
from .transform_base import Transform

SECONDS_PER_CHUNK = 1.0  # how often the bar moves, and how soon Ctrl-C is heard
PIXELS_PER_BATCH = 32 * 224 * 224  # measured on a CPU: 1.1 GB for InceptionV3 up to mixed6


def maximize(
    backbone: Backbone,
    objective: Objective,
    *,
    penalties: Sequence[Penalty] = (),
    projections: Sequence[Projection] = (),
    transforms: Sequence[Transform] = (),
    parameterization: Parameterization | None = None,
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

    Every number of the objective, the penalties, the projections, the transforms, the octaves, the step size and the
    seed may be a list with one entry per image (see `grid`); lists must have the same length, and single numbers fit
    any. The whole batch runs in one compiled loop, as large a part at a time as memory allows, and another call of the
    same structure reuses it.

    Args:
        backbone: the network.
        objective: what to climb, see `objectives`.
        penalties: subtracted from the objective.
        projections: applied to the images after each step, or every few steps.
        transforms: random changes of what the network sees, in this order.
        parameterization: `Pixels()` (default), `Fourier()` or `MACO()`.
        optimizer: `Adam(0.05)` (default) or `Ascent(step)`; both see the gradient divided by its standard deviation.
        octaves: coarse-to-fine sizes; `steps` is then the number of steps at each size.
        tile: side in pixels; the gradient is then computed tile by tile, which bounds memory for large images.
        start: (N, H, W, 3) or (H, W, 3) images in [-1, 1] to start from; weak noise by default.
        steps: > 0.
        size: side, or (height, width), in pixels; ignored with `start`.
        seed: integer. Start and draws depend on the seed and on what the image climbs, not on the rest of the batch.
        snapshots: numbers of steps, counted over all octaves, after which to keep the images (0 = the start), brought
            to the full size.
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
        snapshots=snapshots,
        redirect=redirect,
        dead=dead,
        precision=precision,
        jit=jit,
    )
    height, width = plan.sizes[0][-1]
    if batch is not None and batch < 1:
        raise ValueError(f"batch must be at least 1; got {batch}.")
    most = batch or max(1, PIXELS_PER_BATCH // (height * width))
    pieces: list[dict] = []
    total = plan.steps * sum(len(sizes) for sizes in plan.sizes)
    with progress_bar(progress, total=total, unit="image-step", leave=False) as bar:
        for index, keep in plan.batches(most):
            pieces.append(_climb(plan, index, keep, bar))
            if pieces[-1]["interrupted"]:
                break
    return gather(plan, pieces)


def _climb(plan: Plan, index: np.ndarray, keep: int, bar: tqdm) -> dict:
    """Run one batch through every octave; return the first `keep` images and their records."""
    piece = {"index": index[:keep], "history": [], "snapshots": {}, "terms": None, "interrupted": False}
    piece["dead"] = np.full(keep, plan.redirect < plan.steps)
    starts, images, sizes = plan.starts(index), None, plan.sizes[index[0]]
    for octave, size in enumerate(sizes):
        if len(sizes) > 1:
            bar.set_description(f"octave {octave + 1} of {len(sizes)}, {size[0]} x {size[1]}")
        if octave == 0 and starts is None:
            seeds, keys = [plan.seeds[i] for i in index], [plan.keys[i] for i in index]
            parameters = tf.constant(plan.parameterization.start(seeds, keys, *size))
        else:
            images = resize(starts if octave == 0 else images, size)
            if octave and starts is not None and plan.octaves.detail:
                images += resize(starts, size) - resize(resize(starts, sizes[octave - 1]), size)
            parameters = plan.parameterization.encode(tf.constant(np.clip(images, -1.0, 1.0)))
        images = _ascend(plan, index, parameters, octave, piece, bar)
        if piece["interrupted"]:
            images = resize(images, sizes[-1])
            break
    return piece | {"images": images[:keep]}


def _ascend(plan: Plan, index: np.ndarray, parameters: tf.Tensor, octave: int, piece: dict, bar: tqdm) -> np.ndarray:
    """Take all steps at one size, a chunk at a time, with one wait for the device per chunk."""
    sizes, numbers, keep = plan.sizes[index[0]], plan.numbers(index), len(piece["index"])
    size, before = sizes[octave], octave * plan.steps
    slots = tuple(tf.zeros_like(parameters) for _ in range(plan.optimizer.slots))
    stops = {*(moment - before for moment in plan.snapshots), plan.redirect, plan.steps}
    done, chunk = 0, 4  # a short first chunk: a dead start is told at once, and the bar moves soon

    def show() -> np.ndarray:
        return plan.parameterization.decode(parameters, *size).numpy()

    def keep_snapshot(done: int) -> None:
        if before + done in plan.snapshots:
            piece["snapshots"].setdefault(before + done, resize(show()[:keep], sizes[-1]))

    keep_snapshot(0)
    while done < plan.steps:
        until = min(min(stop for stop in stops if stop > done), done + chunk)
        draws = _draws(plan, index, before + done, until - done)
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
        _look_for_trouble(plan, index, rows, before, done, piece)
        piece["history"].append(rows)
        bar.update(rows.shape[0] * rows.shape[1])
        done, chunk = until, int(np.clip(SECONDS_PER_CHUNK * (until - done) / seconds, 1, CHUNK))
        keep_snapshot(done)
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


def _look_for_trouble(plan: Plan, index: np.ndarray, rows: np.ndarray, before: int, done: int, piece: dict) -> None:
    """Raise NotFinite or DeadStart when the (steps, N, columns) history of this octave asks for it."""
    bad = np.argwhere(~np.isfinite(rows).all(axis=2))
    if len(bad):
        step, image = bad[0]
        raise NotFinite(
            f"NaN or infinity at step {before + done + step} while climbing {plan.names[index[image]]}. "
            "A smaller step_size or smaller weights usually help."
        )
    # From the first step whose gradient is the network's own. A random transform may hide the unit in one step, so a
    # few have to be dark; and a unit that sees nothing in a small octave may wake up in a larger one.
    begin, end = plan.redirect, plan.settled
    piece["dead"] &= (rows[max(begin - done, 0) : max(end - done, 0), :, 1] == 0.0).all(axis=0)
    if not done < end <= done + len(rows):
        return
    last = before + plan.steps == plan.steps * len(plan.sizes[index[0]])
    if last and plan.dead == "raise" and piece["dead"].any():
        still = ", ".join(plan.names[image] for image in piece["index"][piece["dead"]])
        raise DeadStart(
            f"No gradient at the start for {still}: the unit is off everywhere on this image, so there "
            "is nothing to climb. Try stronger noise (parameterization=fv.Pixels(noise=0.5)), redirect=16, another "
            "seed, or an image of the data set as the start. A channel that no image of the data set switches on "
            "is dead for good: see backbone.dead_channels(images, layer). dead='mark' goes on with the others."
        )
