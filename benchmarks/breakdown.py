"""Where does the time of a climb go?

TensorFlow's own profiler watches one `fv.maximize` with all penalties and the standard transformation, after a first
call has traced it, and the time of every operation is added up by kind. Operations run side by side on the cores, so
the times are added over the threads: shares are what to read.
"""

import json
import re
import tempfile
from collections import Counter
from pathlib import Path

import click
import featviz_helpers as fv
import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

# Kinds of operations, without the prefixes of their faster versions. What is left is arithmetic pixel by pixel:
# penalties, normalisation, Adam, history.
PARTS = {
    "convolutions, forward": ("Conv2D",),
    "convolutions, gradient": ("Conv2DBackpropInput",),
    "pooling, both ways": ("AvgPool", "MaxPool", "AvgPoolGrad", "MaxPoolGrad"),
    "ReLU, gradient": ("ReluGrad",),
    "joining and splitting branches": ("ConcatV2", "Slice", "AddN"),
    "transforms (compiled by XLA)": ("Execute",),
}
REST = "pixel by pixel: penalties, normalisation, Adam"
# The executor's own events, which contain the operations.
AROUND = {"Process", "Run", "Start", "Done"}
FASTER = re.compile("_MklNative|_Mkl|_Fused|Fused")


def operations(folder: Path) -> Counter:
    """Return the seconds of each kind of operation in the profile of that folder, summed over all threads."""
    (file,) = folder.rglob("*.xplane.pb")
    space = xplane_pb2.XSpace.FromString(file.read_bytes())
    spent: Counter = Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                _, colon, kind = plane.event_metadata[event.metadata_id].name.rpartition(":")
                if colon and kind.isidentifier() and kind not in AROUND:
                    spent[FASTER.sub("", kind)] += event.duration_ps * 1e-12
    return spent


@click.command(help=__doc__)
@click.option("--model", default="inception_v3", show_default=True)
@click.option("--weights", default=None, help="Weights file; without it, what load_model finds.")
@click.option("--images", default=4, show_default=True)
@click.option("--size", default=224, show_default=True, help="Pixels.")
@click.option("--steps", default=16, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def main(model: str, weights: str, images: int, size: int, steps: int, as_json: bool) -> None:
    backbone = fv.load_model(model, weights=weights)
    objective = fv.channel("auto", list(range(images)))
    options = {
        "penalties": [fv.L2(1e-4), fv.Norm(1e-4), fv.TotalVariation(5e-4)],
        "transforms": [fv.standard()],
        "size": size,
        "dead": "mark",
        "progress": False,
    }
    fv.maximize(backbone, objective, steps=1, **options)
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        fv.maximize(backbone, objective, steps=steps, **options)
        tf.profiler.experimental.stop()
        spent = operations(Path(folder))
    total = spent.total()
    shares = {part: sum(spent[kind] for kind in kinds) / total for part, kinds in PARTS.items()}
    shares[REST] = 1 - sum(shares.values())
    report = {"images": images, "size_px": size, "steps": steps, "shares": {k: round(v, 4) for k, v in shares.items()}}
    if as_json:
        click.echo(json.dumps(report))
    else:
        click.echo("\n".join(f"{part:48}{share:6.1%}" for part, share in shares.items()))


if __name__ == "__main__":
    main()
