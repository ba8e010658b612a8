"""The command line: `featviz run` and its siblings. Imports no TensorFlow, so that help and errors come at
once."""

from __future__ import annotations

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

    from featviz_helpers import datasets, errors

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
