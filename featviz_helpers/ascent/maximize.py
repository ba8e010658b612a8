"""`maximize`: climb an objective by changing an image (activation maximisation)."""

from collections.abc import Sequence

import numpy as np

from ..common.progress import bar as progress_bar
from ..models.backbone import Backbone
from .arguments import Arguments
from .climb import Climb
from .octaves import Octaves
from .optimizers import Adam, GradientAscent
from .parameterizations import Parameterization, Pixels
from .penalties import Penalty
from .projections import Projection
from .result import Result, gather
from .term import Objective
from .transform_base import Transform


def maximize(
    backbone: Backbone,
    objective: Objective,
    *,
    penalties: Sequence[Penalty] = (),
    projections: Sequence[Projection] = (),
    transforms: Sequence[Transform] = (),
    parameterization: Parameterization | None = None,
    optimizer: GradientAscent | None = None,
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
        optimizer: `Adam(0.05)` (default) or `GradientAscent(step)`; both see the gradient divided by its standard
            deviation.
        octaves: coarse-to-fine sizes; `steps` is then the number of steps at each size.
        tile: side in pixels; the gradient is then computed tile by tile, which bounds memory for large images.
        start: (N, H, W, 3) or (H, W, 3) images in [-1, 1] to start from; weak noise by default.
        steps: 1 to 1,000,000, over all octaves together too.
        size: side, or (height, width), in pixels; ignored with `start`.
        seed: integer. Start and draws depend on the seed and on what the image climbs, not on the rest of the batch.
        snapshots: numbers of steps, counted over all octaves, after which to keep the images (0 = the start), brought
            to the full size.
        redirect: for this many first steps ReLU passes gradients below zero, a remedy for a dead start.
        dead: "raise" an error for a start without gradient, or "mark" it (`result.dead`, images NaN).
        precision: "float32", or "mixed_bfloat16" / "mixed_float16" for the network; "auto" takes bfloat16 where the
            processor or the card is made for it and the network gains (InceptionV3 does, ShapesNet and lite0 do not),
            float32 elsewhere, and says so once.
        jit: compile the loop with XLA, meant for long runs on a GPU; on a CPU it is slower.
        batch: most images at once; chosen from the image size by default.
        progress: show a progress bar.

    Returns:
        The result; after Ctrl-C, what there is so far.

    Raises:
        ValueError: numbers that do not fit each other, the image or the network.
        DeadStart: an image without gradient at its start (with dead="raise").
        NotFinite: NaN or infinity, naming what the image climbs and the step.
        TooLittleMemory: there is too little for so many images of this size at once.
    """
    arguments = Arguments(
        backbone=backbone,
        objective=objective,
        penalties=penalties,
        projections=projections,
        transforms=transforms,
        parameterization=Pixels() if parameterization is None else parameterization,
        optimizer=Adam() if optimizer is None else optimizer,
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
        batch=batch,
        progress=progress,
    )
    climbs: list[Climb] = []
    with progress_bar(progress, total=arguments.image_steps, unit="image-step", leave=False) as bar:
        for index, keep in arguments.batches():
            climbs.append(Climb(arguments, index, keep).run(bar))
            if climbs[-1].interrupted:
                break
    return gather(arguments, climbs)
