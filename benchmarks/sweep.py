"""What does a sweep cost in one call, against the same images one by one?

One call is `fv.run_methods`: every method at six values on every channel, one compiled batch per method. One by one is
what a loop in a notebook does: one `fv.maximize` per image. Both sides pay for their own compilation. Methods
alternate, so that a slow minute of the machine hits both sides. With --sample, only so many images of each method are
made one by one, after a call of a single step that pays for the compilation; their time is multiplied up to all images.
"""

import json
import sys
import time

import click
import featviz_helpers as fv
import numpy as np
from tqdm import tqdm

ALONE = tuple(name for name, method in fv.METHODS.items() if not method.aligns)


@click.command(help=__doc__)
@click.option("--model", default="inception_v3", show_default=True)
@click.option("--weights", default=None, help="Weights file; without it, what load_model finds.")
@click.option("--layer", default="auto", show_default=True)
@click.option("--channel", "channels", multiple=True, type=int, default=(48, 62, 73, 91), show_default=True)
@click.option("--method", "methods", multiple=True, default=ALONE, show_default="all that need no exemplars")
@click.option("--steps", default=64, show_default=True)
@click.option("--size", default=224, show_default=True, help="Pixels.")
@click.option("--sample", type=int, default=None, help="Images of a method to make one by one; all by default.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def main(
    model: str, weights: str, layer: str, channels: tuple[int, ...], methods: tuple[str, ...], steps: int, size: int,
    sample: int | None, as_json: bool,
) -> None:  # fmt: skip
    backbone = fv.load_model(model, weights=weights)
    layer = backbone.resolve(layer)
    options = {"steps": steps, "size": size, "dead": "mark", "progress": False}
    together, alone = {}, {}
    for name in tqdm(methods, disable=as_json, desc="methods"):
        began = time.perf_counter()
        cells, _ = fv.run_methods(backbone, layer, channels, [name], **options)[name]
        together[name] = time.perf_counter() - began
        places = np.linspace(0, len(cells) - 1, sample or len(cells)).round().astype(int)

        def one(channel: int, value: float, name: str = name, **changes: int) -> float:
            began = time.perf_counter()
            fv.run_methods(backbone, layer, [channel], {name: [value]}, **options | changes)
            return time.perf_counter() - began

        compilation = one(channels[0], cells.value[0], steps=1)
        made = [one(cells.channel[place], cells.value[place]) for place in places]
        alone[name] = compilation + sum(made) * len(cells) / len(places)
        tqdm.write(f"{name}: {together[name]:.1f} s in one call, {alone[name]:.1f} s one by one", file=sys.stderr)
    report = {
        "model": backbone.name,
        "layer": layer,
        "size_px": size,
        "steps": steps,
        "images": len(cells) * len(methods),
        "made_one_by_one": len(places) * len(methods),
        "one_call_s": round(sum(together.values()), 1),
        "one_by_one_s": round(sum(alone.values()), 1),
        "ratio": round(sum(alone.values()) / sum(together.values()), 3),
        "methods": {name: [round(together[name], 1), round(alone[name], 1)] for name in methods},
    }
    click.echo(json.dumps(report) if as_json else json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
