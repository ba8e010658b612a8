"""Judge ways to several pictures of a channel on every channel of ShapesNet's mixed4 that has several kinds of images,
and write results/facets.csv: a row per channel and way."""

from pathlib import Path

import click
import featviz_helpers as fv
import numpy as np
import pandas as pd
from featviz_helpers import exemplars, synthesis
from featviz_helpers.study.statistics import interval

LAYER, PICTURES, STRONGEST, SHARE, NEAREST = "mixed4", 4, 100, 15, 15
WEIGHTS = [0.0, 0.3, 1.0, 3.0]
SETTINGS = {"parameterization": fv.Fourier(), "transforms": [fv.Jitter(4)], "steps": 32, "size": 64, "dead": "mark"}


def kinds_of(backbone: fv.Backbone, drawn: fv.shapes.Shapes) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Return channel -> its strongest images, and the classes that hold a good share of them, two or more."""
    responses = backbone.activations(drawn.images, LAYER).mean(axis=(1, 2))
    strongest = (-responses).argsort(axis=0, kind="stable")[:STRONGEST].T
    counts = [np.bincount(drawn.labels[row], minlength=len(fv.shapes.CLASSES)) for row in strongest]
    kinds = [np.flatnonzero(count >= SHARE) for count in counts]
    return {channel: pair for channel, pair in enumerate(zip(strongest, kinds, strict=True)) if len(pair[1]) > 1}


def pictures_of(backbone: fv.Backbone, images: dict[int, np.ndarray], seed: int) -> dict[str, fv.ascent.Result]:
    """Return way -> the pictures of all channels, `PICTURES` of each."""
    each = np.repeat(list(images), PICTURES).tolist()
    units, settings = fv.channel(LAYER, each), SETTINGS | {"seed": seed}
    made = {}
    for weight in WEIGHTS:
        name = f"diversity {weight:g}" if weight else "seeds only"
        made[name] = fv.maximize(backbone, units + weight * synthesis.Diversity(LAYER, each), **settings)
    generator = np.random.default_rng(seed)
    found = [exemplars.facets(backbone, own, PICTURES, LAYER, NEAREST, seed=seed).starts for own in images.values()]
    mixed = [
        own[generator.choice(len(own), NEAREST, replace=False)].mean(axis=0)
        for own in images.values()
        for _ in range(PICTURES)
    ]
    for name, starts in {"facet starts": np.concatenate(found), "mixed starts": np.stack(mixed)}.items():
        made[name] = fv.maximize(backbone, units, start=starts, **settings)
    return made


def differ(kinds: np.ndarray) -> dict[str, bool]:
    """Whether kinds differ in hue, and in fineness, by the key."""
    entries = [fv.shapes.CLASS_KEY[fv.shapes.CLASSES[kind]] for kind in kinds]
    hues = {entry["hue_deg"] for entry in entries} - {None}
    return {
        "by_hue": len(hues) > 1,
        "by_fineness": len({entry["frequency_band_cpp"] for entry in entries} - {None}) > 1,
    }


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path), default=Path("results/facets.csv"), show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(out: Path, seed: int) -> None:
    backbone, witness = fv.load_model("shapesnet"), fv.load_model("shapesnet_plain")
    drawn = fv.shapes.draw(3200, seed + 1)
    kinds = kinds_of(backbone, drawn)
    made = pictures_of(backbone, {channel: drawn.images[best] for channel, (best, _) in kinds.items()}, seed)
    rows = []
    for way, result in made.items():
        pictures = np.nan_to_num(result.images)  # a dead start is grey
        click.echo(f"{way}: {result.dead.sum()} dead starts of {len(result)}")
        said = witness.activations(pictures, "logits").argmax(axis=1).reshape(-1, PICTURES)
        strong = result.terms[:, 0].reshape(-1, PICTURES).mean(axis=1)
        for i, (channel, (_, own)) in enumerate(kinds.items()):
            other = said[(i + 1) % len(said)]
            rows.append(
                {
                    "way": way,
                    "channel": channel,
                    "kinds": len(own),
                    **differ(own),
                    "shown": np.isin(own, said[i]).mean(),
                    "shown_by_another": np.isin(own, other).mean(),
                    "right": np.isin(said[i], own).mean(),
                    "activation": strong[i],
                    "cosine": synthesis.pairwise_similarity(
                        backbone, pictures[i * PICTURES : (i + 1) * PICTURES], LAYER
                    ),
                }
            )
    table = pd.DataFrame(rows)
    table.round(4).to_csv(out, index=False)
    for some in (table, table[table["by_hue"]], table[table["by_fineness"]]):
        shown = some.pivot(index="channel", columns="way", values="shown")[list(made)]
        click.echo(f"{len(shown)} channels")
        for way in made:
            paired = interval((shown["facet starts"] - shown[way]).to_numpy())
            click.echo(f"{way:14} shown {interval(shown[way].to_numpy())}, facet starts less this {paired}")
    click.echo(
        table.groupby("way", sort=False)[["activation", "cosine", "right", "shown_by_another"]].mean().to_string()
    )


if __name__ == "__main__":
    main()
