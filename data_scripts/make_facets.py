"""Make docs/gallery/facets.jpg: pictures of one channel of InceptionV3 from the kinds of photographs that drive it.

For many channels it also asks a second network, lite0, to which kind each picture belongs. Beside it stand the blurred
starts before any step, starts out of mixed photographs, photographs themselves (the ceiling) and pictures from noise.

FOLDER holds photographs, such as ImageNetV2 (`featviz fetch imagenetv2-matched-frequency`).
"""

from dataclasses import dataclass
from pathlib import Path

import click
import featviz_helpers as fv
import numpy as np
from featviz_helpers import exemplars
from scipy.stats import binomtest

LAYER = "mixed6"
SHOWN = (48, 62)
KINDS = 4
STRONGEST = 60  # photographs of each channel that are parted into kinds
NEAREST = 15  # photographs of a start


@dataclass(frozen=True)
class Kinds:
    """The strongest photographs of one channel in kinds: two sets of starts, and what lite0 sees in each photograph."""

    starts: np.ndarray
    mixed: np.ndarray
    kinds: np.ndarray
    points: np.ndarray


def part(backbone: fv.Backbone, judge: fv.Backbone, photographs: np.ndarray, generator: np.random.Generator) -> Kinds:
    """Part photographs into kinds. A mixed start is the mean of as many photographs as a kind's start, at random."""
    found = exemplars.facets(backbone, photographs, KINDS, LAYER, NEAREST)
    kinds = np.empty(len(photographs), int)
    for kind, group in enumerate(found.groups):
        kinds[group] = kind
    picked = [generator.choice(len(kinds), min(NEAREST, len(group)), replace=False) for group in found.groups]
    mixed = np.stack([photographs[rows].mean(axis=0) for rows in picked])
    return Kinds(found.starts, mixed, kinds, features(judge, photographs))


def features(judge: fv.Backbone, pictures: np.ndarray) -> np.ndarray:
    """Return lite0's last features of each picture."""
    return exemplars.embed(judge, np.nan_to_num(pictures), "avg_pool")["avg_pool"]


def nearest_kind(points: np.ndarray, photographs: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Return to which kind each point is nearest, by the cosine with the kinds' means, seen from the mean of all."""
    middle = photographs.mean(axis=0)
    means = np.stack([photographs[kinds == kind].mean(axis=0) for kind in range(KINDS)]) - middle
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    return ((points - middle) @ means.T).argmax(axis=1)


def without_itself(photographs: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Return to which kind each photograph is nearest when it takes no part in its kind's mean."""
    found = []
    for one in range(len(photographs)):
        rest = np.arange(len(photographs)) != one
        alone = (kinds == kinds[one]).sum() == 1  # its kind has nobody else
        found.append(-1 if alone else nearest_kind(photographs[[one]], photographs[rest], kinds[rest])[0])
    return np.array(found)


@click.command(help=__doc__)
@click.option("--images", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--weights", default=None, help="InceptionV3 weights; without it, what load_model finds.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
@click.option("--steps", default=128, show_default=True, help="Steps of each picture.")
@click.option("--size", default=160, show_default=True, help="Side of a picture.")
@click.option("--channels", "count", default=24, show_default=True, help="Channels that are counted.")
def main(images: Path, weights: str | None, out: Path, steps: int, size: int, count: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    backbone, judge = fv.load_model("inception_v3", weights=weights), fv.load_model("lite0")
    folder = fv.ImageFolder(images, policy="crop")
    driven = exemplars.embed(backbone, folder, LAYER, size=size)[LAYER]
    generator = np.random.default_rng(0)
    others = np.setdiff1d(generator.permutation(driven.shape[1])[:count], SHOWN)
    channels = [*SHOWN, *others.tolist()][:count]
    channel_kinds = []
    for channel in channels:
        top = driven[:, channel].argsort()[::-1][:STRONGEST]
        channel_kinds.append(part(backbone, judge, np.stack([folder.load(i, size) for i in top]), generator))
    options = {"parameterization": fv.Fourier(), "transforms": [fv.standard()], "optimizer": fv.Adam(0.02)}
    options |= {"steps": steps, "size": size, "precision": "auto", "dead": "mark"}
    options |= {"seed": list(range(KINDS)) * len(channels)}
    goal = fv.channel(LAYER, np.repeat(channels, KINDS).tolist())
    starts = {"facet starts": np.concatenate([one.starts for one in channel_kinds])}
    starts |= {"mixed starts": np.concatenate([one.mixed for one in channel_kinds])}
    climbs = {name: fv.maximize(backbone, goal, start=start, **options) for name, start in starts.items()}
    climbs["noise"] = fv.maximize(backbone, goal, **options)

    right = {
        "photographs": np.concatenate([without_itself(one.points, one.kinds) == one.kinds for one in channel_kinds])
    }
    pictures = {f"{name} before": start for name, start in starts.items()}
    for name, made in (pictures | {name: climb.images for name, climb in climbs.items()}).items():
        points = features(judge, made).reshape(len(channels), KINDS, -1)
        said = [nearest_kind(four, one.points, one.kinds) for four, one in zip(points, channel_kinds, strict=True)]
        right[name] = (np.array(said) == np.arange(KINDS)).ravel()
    for name, hits in right.items():
        low, high = binomtest(int(hits.sum()), len(hits)).proportion_ci(method="wilson")
        activation = f", activation {np.nanmean(climbs[name].activations):.2f}" if name in climbs else ""
        click.echo(f"{name}: of its kind {hits.mean():.2f} ({low:.2f} to {high:.2f}), n = {len(hits)}{activation}")
    shown = {  # without the starts, in which single photographs can be recognised where a kind has few
        f"{channel}, {name}": result.images[KINDS * i : KINDS * (i + 1)]
        for i, channel in enumerate(SHOWN)
        for name, result in climbs.items()
    }
    (out / "facets.jpg").write_bytes(fv.compare(shown, [""] * KINDS).jpeg())


if __name__ == "__main__":
    main()
