"""Attack networks on many images whose class is known, and count what they still say: the numbers behind notebook 14.

    python data_scripts/attack_accuracy.py --images FOLDER --count 64

This command made results/attacks.csv: 64 photographs for lite0, 128 drawings for each ShapesNet, and of these the ones
whose goal is another class where an attack aims.

lite0 is attacked on photographs that it and lite1 get right, one per class, out of FOLDER with a folder for each class
number, as ImageNetV2 has them (`featviz fetch imagenetv2-matched-frequency`); both ShapesNets on fresh drawings.
Each row of results/attacks.csv is a network, an attack and the network that is asked about the pictures: the share with
its true class or, for attacks that aim at a class, with that class, and Wilson's interval of 95 %.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import featviz_helpers as fv
import numpy as np
import pandas as pd
from featviz_helpers.synthesis import correct, fgsm, pgd, random_signs
from scipy.stats import binomtest

OUT = Path(__file__).parents[1] / "results" / "attacks.csv"
FRESH = 21  # seed of the images of Shapes
LEVELS = {"lite0": (0.25, 0.5, 1, 2, 4, 8, 16), "shapesnet": (2, 8, 16, 32, 64), "shapesnet_plain": (2, 8, 16, 32, 64)}
LENGTHS = {"shapesnet": (16, 25), "shapesnet_plain": (25,)}  # of changes in L2; those of 16 and of 25 end up alike

Row = tuple[str, str, float, str, np.ndarray]


def photographs(folder: Path, networks: list[fv.Backbone], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `count` images of as many classes that all networks get right, and their classes."""
    paths = sorted(path for path in folder.iterdir() if path.is_dir())
    paths = [paths[i] for i in np.random.default_rng(0).permutation(len(paths))[: 2 * count]]
    images = np.stack([fv.load_image(sorted(path.iterdir())[0], networks[0].size) for path in paths])
    labels = np.array([int(path.name) for path in paths])
    known = np.flatnonzero(np.all([correct(network, images, labels) for network in networks], axis=0))[:count]
    return images[known], labels[known]


def by_level(name: str, images: np.ndarray, labels: np.ndarray, asked: list[fv.Backbone]) -> Iterator[Row]:
    """Yield what each network says after FGSM, PGD and random signs of several sizes; the first is attacked."""
    network = asked[0]
    for level in LEVELS[name]:
        epsilon = level / 255
        made = {
            "random signs": random_signs(images, epsilon),
            "FGSM": fgsm(network, images, labels, epsilon),
            "PGD": pgd(network, images, labels, epsilon),
        }
        for attack, pictures in made.items():
            for judge in asked:
                yield name, attack, level, judge.name, correct(judge, pictures, labels)


def aimed(images: np.ndarray, labels: np.ndarray, twins: dict[str, fv.Backbone]) -> Iterator[Row]:
    """Yield how often a long change that aims at another image's class reaches it, for either twin.

    The control is the change of another image, borrowed.
    """
    goals = np.roll(labels, 1)
    differ = goals != labels
    for name, lengths in LENGTHS.items():
        for length in lengths:
            found = pgd(twins[name], images, goals, length, norm="l2", steps=40, targeted=True, random_start=False)
            change = found - images
            borrowed = np.clip(images + np.roll(change, len(images) // 2, axis=0), -1, 1)
            reached = np.sqrt((change**2).sum(axis=(1, 2, 3))).mean() / 2
            for judge in twins.values():
                yield name, f"aimed, L2 {length}", reached, judge.name, correct(judge, found, goals)[differ]
                yield name, f"borrowed, L2 {length}", reached, judge.name, correct(judge, borrowed, goals)[differ]


def row(name: str, attack: str, epsilon: float, judge: str, said: np.ndarray) -> dict:
    """Return a row of the table; epsilon in grey levels of 255, for L2 the mean length in units of the pixel range."""
    found = binomtest(int(said.sum()), len(said))
    low, high = found.proportion_ci(method="wilson")
    return {
        "model": name, "attack": attack, "epsilon": round(float(epsilon), 2), "asked": judge,
        "share": round(said.mean(), 4), "low": round(low, 4), "high": round(high, 4), "n": len(said),
    }  # fmt: skip


@click.command(help=__doc__)
@click.option(
    "--images",
    "folder",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="For lite0.",
)
@click.option(
    "--count", type=click.IntRange(8), default=96, show_default=True, help="Photographs; twice as many Shapes."
)
def main(folder: Path, count: int) -> None:
    rows: list[Row] = []
    networks = [fv.load_model(name) for name in ("lite0", "lite1")]
    rows += by_level("lite0", *photographs(folder, networks, count), networks)
    twins = {name: fv.load_model(name) for name in ("shapesnet", "shapesnet_plain")}
    drawn = fv.shapes.draw(2 * count, FRESH)
    for name in twins:
        rows += by_level(name, drawn.images, drawn.labels, [twins[name]])
    rows += aimed(drawn.images, drawn.labels, twins)
    table = pd.DataFrame([row(*one) for one in rows])
    table.to_csv(OUT, index=False)
    click.echo(table.to_string())


if __name__ == "__main__":
    main()
