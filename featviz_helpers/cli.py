"""The command line: `featviz run` and its siblings. Imports no TensorFlow, so that help and errors come at
once."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="featviz-helpers")
def main() -> None:
    """Feature visualisation as a reproducible course."""


@main.command()
@click.argument("notebooks", nargs=-1, metavar="[NOTEBOOK]...")
@click.option("-p", "--parameter", "given", nargs=2, multiple=True, metavar="NAME VALUE", help="Set a parameter.")
@click.option(
    "-f",
    "--profile",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Parameters in a YAML file.",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default="build/course", show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Notebooks that run at once.")
@click.option(
    "--assets",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with weights/ and data/, for a machine without network.",
)
@click.pass_context
def run(context: click.Context, notebooks: tuple[str, ...], **options: Any) -> None:
    """Run notebooks into executed copies, HTML pages, an index.html gallery and run.json.

    NOTEBOOK is a path, a file name or a number (02); default: all of notebooks/. VALUE is text where the
    notebook takes text, and YAML elsewhere: -p STEPS 128 -p CHANNELS "[0, 48]". In a profile the key of a
    notebook (02, or its name) holds that notebook's own parameters.

    Exit status: 0, 1 if a notebook failed, 2 if the request was refused, 130 after Ctrl-C.
    """
    from featviz_helpers import course, selection

    given = dict(options["given"])
    if len(given) < len(options["given"]):
        raise click.UsageError("-p names a parameter twice; give each once")
    # A cluster stops a job with SIGTERM: its kernels must not outlive it either.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        profile = selection.read_profile(options["profile"]) if options["profile"] else {}
        paths = [selection.find(name) for name in notebooks] or selection.discover()
        jobs = selection.plan(paths, given, profile)
        report = course.run(jobs, options["out"], options["jobs"], options["assets"], ["featviz", *sys.argv[1:]])
    except selection.CourseError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"cannot write the results: {error}") from None
    except KeyboardInterrupt:
        click.echo(f"\nStopped. What there is: {options['out'] / 'index.html'}", err=True)
        context.exit(130)
    for entry in report["notebooks"]:
        if error := entry["error"]:
            where = f", cell {error['cell']}: {error['line']}" if "cell" in error else ""
            click.echo(f"{entry['name']} failed{where}\n    {error['name']}: {error['message']}", err=True)
    click.echo(f"{options['out'] / 'index.html'} ({report['duration']:.0f} s)")
    context.exit(0 if report["status"] == "ok" else 1)


@main.command()
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
    from . import images, perceptual

    try:
        pair = [images.load_image(path)[None] for path in (first, second)]
        if pair[0].shape != pair[1].shape:
            high, wide = pair[0].shape[1:3]
            click.echo(f"{second} was brought to {high} x {wide} pixels, the size of {first}.", err=True)
            pair[1] = images.resize(pair[1], (high, wide))
        click.echo(f"{perceptual.distance(net).pairs(*pair)[0]:.4f}")
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from None


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Assets folder to fill, as a USB stick's.")
@click.option("--list", "listing", is_flag=True, help="Say what there is to fetch, and fetch nothing.")
@click.pass_context
def fetch(context: click.Context, names: tuple[str, ...], to: Path | None, listing: bool) -> None:
    """Fetch weights and photographs for the full tier: resumed, verified, and safe to stop at any time.

    Without NAME and --to, list what there is. With --to alone, fill that folder with the standard set, so that it
    serves a class room without network: FEATVIZ_ASSETS=DIR. Without --to, files go into the folder of FEATVIZ_ASSETS,
    or into this user's own, where the course finds them. FEATVIZ_MIRROR=URL takes every file from URL/<file>.

    Exit status: 0, 1 if something could not be fetched, 2 if the request was refused, 130 after Ctrl-C.
    """
    from . import catalogue, fetching

    try:
        if listing or not (names or to):
            click.echo("\n".join(fetching.describe(catalogue.asset(name), to) for name in names or catalogue.ASSETS))
            return
        wanted = names or [asset.name for asset in catalogue.ASSETS.values() if asset.standard]
        errors = fetching.fetch_all(wanted, to, click.echo)
    except (ValueError, NotADirectoryError) as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("\nStopped. The same command goes on from here.", err=True)
        context.exit(130)
    for name, error in errors.items():
        click.echo(f"{name} could not be fetched: {error}", err=True)
    context.exit(1 if errors else 0)


@main.command()
@click.option(
    "--assets",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with weights/ and data/, instead of that of FEATVIZ_ASSETS.",
)
@click.option("--verify", is_flag=True, help="Read every byte of what is there, not only sizes; takes minutes.")
@click.pass_context
def doctor(context: click.Context, assets: Path | None, verify: bool) -> None:
    """Say what this machine has: packages, GPU, memory, disk, and which weights and photographs are where.

    Exit status: 0, 1 if something that is there is damaged, 2 if the request was refused.
    """
    from . import doctor as examination

    if assets:
        os.environ["FEATVIZ_ASSETS"] = str(assets)
    try:
        text, whole = examination.report(verify)
    except NotADirectoryError as error:
        raise click.UsageError(str(error)) from None
    click.echo(text)
    context.exit(0 if whole else 1)


@main.command()
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

    from . import datasets, errors

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        data = datasets.open_images(source, options["policy"], options["count"])
        _check_exemplars(data, out, options)
        from featviz_helpers import exemplars as scan
        from featviz_helpers import models

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
