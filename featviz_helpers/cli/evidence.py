"""The commands of the evidence: `featviz distance`, `featviz exemplars`, `featviz study`. Imports no TensorFlow."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("first", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="A.png")
@click.argument("second", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="B.png")
@click.option(
    "--net",
    type=click.Choice(["alex", "squeeze", "vgg", "shapesnet", "ssim", "pixels"]),
    default="alex",
    show_default=True,
    help="Who judges: LPIPS on one of three networks, the bundled network, SSIM, or plain pixels.",
)
def distance(first: Path, second: Path, net: str) -> None:
    """Print how far two pictures are apart: 0 for equal ones.

    Exit status: 0, or 2 if a picture or the judge's weights cannot be read.
    """
    from ..data import images
    from ..metrics import distances as perceptual

    try:
        pair = [images.load_image(path)[None] for path in (first, second)]
        if pair[0].shape != pair[1].shape:
            high, wide = pair[0].shape[1:3]
            click.echo(f"{second} was brought to {high} x {wide} pixels, the size of {first}.", err=True)
            pair[1] = images.resize(pair[1], (high, wide))
        click.echo(f"{perceptual.distance(net).pairs(*pair)[0]:.4f}")
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from None


@click.command()
@click.argument("layers", nargs=-1, required=True, metavar="LAYER...")
@click.option("--model", default="auto", show_default=True, help="shapesnet, inception_v3, auto, or a path.")
@click.option("--weights", help="Weights file; without it, what is found in FEATVIZ_ASSETS or in Keras's cache.")
@click.option("--data", "source", required=True, metavar="DIR", help="Folder of images, or the word shapes.")
@click.option("--count", type=click.IntRange(1, 1_000_000), default=3200, show_default=True, help="Of --data shapes.")
@click.option("--k", type=click.IntRange(1), default=9, show_default=True, help="Images a channel.")
@click.option("--size", type=click.IntRange(1), help="Side in pixels; without it, what the network was trained on.")
@click.option("--batch", type=click.IntRange(1), default=32, show_default=True, help="Images at once.")
@click.option("--policy", type=click.Choice(["squash", "crop"]), default="squash", show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR")
@click.pass_context
def exemplars(context: click.Context, layers: tuple[str, ...], source: str, out: Path, **options: Any) -> None:
    """Find the images that drive each channel: top-k and bottom-k of every channel, in one pass.

    LAYER is a name such as mixed6, or auto. Writes exemplars.parquet, bottom.parquet, quantiles.parquet, meta.json and
    thumbnails/ to --out. A scan that was stopped goes on where it was when the same command is given again.

    Exit status: 0, 1 if a file could not be read or written, 2 if the request was refused, 130 after Ctrl-C.
    """
    import warnings

    from ..common import errors
    from ..data import image_sets as datasets

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        data = datasets.open_images(source, options["policy"], options["count"])
        _check_exemplars(data, out, options)
        from featviz_helpers.exemplars import scan
        from featviz_helpers.models import load as models

        wanted = {name: options[name] for name in ("k", "size", "batch")}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", errors.DamagedImageWarning)  # said below, without a line of code
            backbone = models.load_model(options["model"], options["weights"])
            found, finished = scan.write_exemplars(out, backbone, data, layers, **wanted)
    except (ValueError, FileNotFoundError, NotADirectoryError) as error:
        raise click.UsageError(str(error)) from None
    except (OSError, errors.NotFinite) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("\nStopped. The same command goes on from here.", err=True)
        context.exit(130)
    meta = found.meta
    click.echo(
        f"{out / 'exemplars.parquet'}: top {meta['k']} of {sum(meta['layers'].values())} channels "
        f"of {', '.join(meta['layers'])}, by mean and by max"
    )
    rate = f"{meta['count'] / meta['seconds']:.1f} images/s"
    click.echo(f"{meta['count']} images, {rate}" + (" (finished before: nothing was left to do)" if finished else ""))
    for name, reason in meta["damaged"].items():
        click.echo(f"left out: {name} ({reason})", err=True)


def _check_exemplars(data: Any, out: Path, options: dict[str, Any]) -> None:
    """Refuse what can be refused before TensorFlow is loaded."""
    if options["k"] > len(data):
        raise ValueError(f"--k {options['k']} is more than there are images: {data!r}.")
    folder = getattr(data, "path", None)
    if folder is not None and out.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"--out '{out}' lies inside --data '{folder}': its thumbnails would become part of the data.")
    weights = options["weights"]
    if weights not in (None, "imagenet") and not Path(weights).is_file():
        raise FileNotFoundError(f"There is no weights file at '{weights}'.")


@click.command()
@click.option("--model", default="shapesnet", show_default=True, help="shapesnet, inception_v3, auto, or a path.")
@click.option("--weights", help="Weights file; without it, what is found in FEATVIZ_ASSETS or in Keras's cache.")
@click.option(
    "--data", "source", default="shapes", show_default=True, metavar="DIR", help="Folder of images, or shapes."
)
@click.option("--count", type=click.IntRange(32, 1_000_000), default=3200, show_default=True, help="Of --data shapes.")
@click.option(
    "--net",
    type=click.Choice(["alex", "squeeze", "vgg", "shapesnet", "ssim", "pixels"]),
    help="Who judges; without it, alex, or shapesnet with the model shapesnet.",
)
@click.option("--layer", default="auto", show_default=True)
@click.option("--channels", default="48 62 73 91", show_default=True, metavar="'N N ...'", help="Those of the table.")
@click.option("--crowd", type=click.IntRange(2), default=32, show_default=True, help="Other channels, for the trial.")
@click.option("--methods", metavar="'NAME, ...'", help="A selection; without it, all.")
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Ascents of every cell.")
@click.option("--trial-seeds", type=click.IntRange(1), default=1, show_default=True, help="The same, for the crowd.")
@click.option(
    "--trial-values", type=click.IntRange(1), help="Values a method for the crowd, the best of the table; default: all."
)
@click.option("--steps", type=click.IntRange(1), default=64, show_default=True)
@click.option("--size", type=click.IntRange(32), help="Side in pixels; without it, 224, or 64 with shapesnet.")
@click.option("--k", type=click.IntRange(2), default=9, show_default=True, help="Images a channel.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="DIR")
@click.pass_context
def study(context: click.Context, out: Path, **options: Any) -> None:
    """Ask which method comes closest to what drives a channel, and whether that number can be believed.

    Writes study.parquet, trial.parquet, controls.parquet, summary.csv and more tables, verdict.md, provenance.json and
    figures to --out. A study that was stopped goes on where it was when the same command is given again.

    Exit status: 0, 1 if a file could not be read or written, 2 if the request was refused, 130 after Ctrl-C.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from ..common import errors
    from ..data import image_sets as datasets

    try:
        data = datasets.open_images(options["source"], count=options["count"])
        _check_exemplars(data, out, options)
        from ..study import report as study_report

        written = study_report.from_options(options, out, click.echo)
    except (ValueError, FileNotFoundError, NotADirectoryError) as error:
        raise click.UsageError(str(error)) from None
    except (OSError, errors.NotFinite) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("\nStopped. The same command goes on from here.", err=True)
        context.exit(130)
    click.echo(written)
