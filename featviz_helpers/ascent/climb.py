"""One batch of images on its way through all octaves, a chunk of compiled steps at a time."""

import time

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from ..common.errors import DeadStart, NotFinite
from ..common.memory import enough_memory
from ..common.random_streams import step_uniform
from ..data.images import resize
from .arguments import Arguments
from .step import CHUNK, TILE_DRAWS

SECONDS_PER_CHUNK = 1.0  # how often the bar moves, and how soon Ctrl-C is heard
FIRST_CHUNK = 4  # steps: short, so that a dead start is reported at once and the bar moves soon


class Climb:
    """The climb of one batch.

    Args:
        arguments: the call it belongs to.
        index: which images of the call; the batch may be filled up with repeats at its end.
        keep: how many of them count.

    Attributes:
        images: (keep, H, W, 3), the finished pictures.
        terms: (keep, terms) of them; NaN when the climb was interrupted.
        history: (keep, steps, 3 + penalties), see `Step.loop`.
        snapshots: number of steps taken -> images at that moment.
        dead: (keep,) bool, no gradient at the start of any octave.
        gradients: (keep, H, W), |d(objective)/d(image)| added up over the steps at full size; None unless the
            parameterization is transparent.
        interrupted: True when Ctrl-C ended the climb early.
    """

    def __init__(self, arguments: Arguments, index: np.ndarray, keep: int) -> None:
        self.arguments, self.batch, self.index = arguments, index, index[:keep]
        self.sizes = arguments.sizes[index[0]]
        self.numbers = arguments.numbers(index)
        self.terms = np.full((keep, len(arguments.objective.terms)), np.nan, np.float32)
        self.snapshots: dict[int, np.ndarray] = {}
        self.dead = np.full(keep, arguments.redirect < arguments.steps)
        self.gradients: np.ndarray | None = None
        self.interrupted = False
        self._rows = [np.zeros((0, keep, 3 + len(arguments.penalties)), np.float32)]

    @property
    def history(self) -> np.ndarray:
        return np.concatenate(self._rows).swapaxes(0, 1)

    def run(self, bar: tqdm) -> "Climb":
        """Climb through every octave; the bar moves by one per image and step."""
        images = np.zeros(0, np.float32)  # of the octave before
        for octave, size in enumerate(self.sizes):
            if len(self.sizes) > 1:
                bar.set_description(f"octave {octave + 1} of {len(self.sizes)}, {size[0]} x {size[1]}")
            with enough_memory(len(self.batch), size, not self.arguments.couples):
                images = self._ascend(octave, self.start(octave, images), bar)
            if self.interrupted:
                images = resize(images, self.sizes[-1])
                if self.gradients is not None:
                    colours = np.repeat(self.gradients[..., None], 3, axis=3)
                    self.gradients = resize(colours, self.sizes[-1])[..., 0]
                break
        self.images = images[: len(self.index)]
        return self

    def start(self, octave: int, images: np.ndarray) -> tf.Tensor:
        """Return the parameters that an octave begins with: noise, the start images, or the octave before."""
        arguments, size, starts = self.arguments, self.sizes[octave], self.arguments.starts(self.batch)
        if octave == 0:
            if starts is None:
                seeds, keys = [arguments.seeds[i] for i in self.batch], [arguments.keys[i] for i in self.batch]
                return tf.constant(arguments.parameterization.start(seeds, keys, *size))
            images = resize(starts, size)
        else:
            images = resize(images, size)
            if starts is not None and arguments.detail:
                images += resize(starts, size) - resize(resize(starts, self.sizes[octave - 1]), size)
        return arguments.parameterization.encode(tf.constant(np.clip(images, -1.0, 1.0)))

    def _ascend(self, octave: int, parameters: tf.Tensor, bar: tqdm) -> np.ndarray:
        """Take all steps at one size, with one wait for the device per chunk; return the images of the whole batch."""
        arguments, size, before = self.arguments, self.sizes[octave], octave * self.arguments.steps
        slots, transparent = self.slots(parameters, size), arguments.parameterization.transparent
        stops = {*(moment - before for moment in arguments.snapshots), arguments.redirect, arguments.steps}
        done, chunk = 0, FIRST_CHUNK
        self._keep_snapshot(before, parameters, size)
        while done < arguments.steps:
            until = min(min(stop for stop in stops if stop > done), done + chunk)
            control = (self.draws(before + done, until - done), done, until - done)
            call = (parameters, slots, self.numbers, *map(tf.constant, control))
            began = time.perf_counter()
            try:
                loop = arguments.loop(len(self.batch), size, done)
                parameters, slots, history = loop(*call)
                rows = history.numpy()[: until - done, : len(self.index)]
            except KeyboardInterrupt:
                self.interrupted = True
                break
            seconds = time.perf_counter() - began
            self.check_finite(rows, before + done)
            self.check_start(rows, octave, done)
            self._rows.append(rows)
            bar.update(rows.shape[0] * rows.shape[1])
            done, chunk = until, int(np.clip(SECONDS_PER_CHUNK * (until - done) / seconds, 1, CHUNK))
            self._keep_snapshot(before + done, parameters, size)
        self.gradients = slots[-1].numpy()[: len(self.index)] if transparent else None
        images = arguments.parameterization.decode(parameters, *size)
        if not self.interrupted and octave == len(self.sizes) - 1:
            try:
                self.terms = loop.step.terms(images, self.numbers.units).numpy()[: len(self.index)]
            except KeyboardInterrupt:
                self.interrupted = True
        return images.numpy()

    def slots(self, parameters: tf.Tensor, size: tuple[int, int]) -> tuple[tf.Tensor, ...]:
        """Return the empty memory of the optimizer, and of a transparent parameterization its sum of |gradient|."""
        slots = tuple(tf.zeros_like(parameters) for _ in range(self.arguments.optimizer.slots))
        transparent = self.arguments.parameterization.transparent
        return (*slots, tf.zeros([len(self.batch), *size])) if transparent else slots

    def _keep_snapshot(self, moment: int, parameters: tf.Tensor, size: tuple[int, int]) -> None:
        if moment in self.arguments.snapshots and moment not in self.snapshots:
            images = self.arguments.parameterization.decode(parameters, *size).numpy()
            self.snapshots[moment] = resize(images[: len(self.index)], self.sizes[-1])

    def draws(self, first: int, steps: int) -> np.ndarray:
        """Return (N, CHUNK, K) random numbers, of which the first `steps` rows are used."""
        arguments = self.arguments
        count = sum(transform.draws for transform in arguments.transforms) + (TILE_DRAWS if arguments.tile else 0)
        draws = np.zeros((len(self.batch), CHUNK, count), np.float32)
        if count:
            for row, i in enumerate(self.batch):
                draws[row, :steps] = step_uniform(arguments.seeds[i], arguments.keys[i], first, steps, count)
        return draws

    def check_finite(self, rows: np.ndarray, first: int) -> None:
        """Raise NotFinite when the (steps, N, columns) history has a number that is not finite."""
        bad = np.argwhere(~np.isfinite(rows).all(axis=2))
        if len(bad):
            step, image = bad[0]
            raise NotFinite(
                f"NaN or infinity at step {first + step} while climbing {self.arguments.names[self.index[image]]}. "
                "A smaller step_size or smaller weights usually help."
            )

    def check_start(self, rows: np.ndarray, octave: int, done: int) -> None:
        """Note which images have no gradient, and raise DeadStart once that is certain."""
        # From the first step whose gradient is the network's own. A random transform may hide the unit in one step, so
        # a few have to be dark; and a unit that sees nothing in a small octave may wake up in a larger one.
        arguments, end = self.arguments, self.arguments.settled
        self.dead &= (rows[max(arguments.redirect - done, 0) : max(end - done, 0), :, 1] == 0.0).all(axis=0)
        certain = done < end <= done + len(rows) and octave == len(self.sizes) - 1
        if certain and arguments.dead == "raise" and self.dead.any():
            units = ", ".join(arguments.names[image] for image in self.index[self.dead])
            raise DeadStart(
                f"No gradient at the start for {units}: the unit is off everywhere on this image, so there "
                "is nothing to climb. Try stronger noise (parameterization=fv.Pixels(noise=0.5)), redirect=16, another "
                "seed, or an image of the data set as the start. A channel that no image of the data set switches on "
                "is dead for good: see backbone.dead_channels(images, layer). dead='mark' goes on with the others."
            )
