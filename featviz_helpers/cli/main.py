"""The command line: `featviz run` and its siblings. Imports no TensorFlow, so that help and errors come at
once."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import click

from ..cli import batch as cli_batch
from ..cli import evidence as cli_evidence


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
    """Run notebooks into executed copies, HTML pages, an index page and run.json.

    NOTEBOOK is a path, a file name or a number (02); default: all of notebooks/. VALUE is text where the
    notebook takes text, and YAML elsewhere: -p STEPS 128 -p CHANNELS "[0, 48]". In a profile the key of a
    notebook (02, or its name) holds that notebook's own parameters.

    Exit status: 0, 1 if a notebook failed, 2 if the request was refused, 130 after Ctrl-C.
    """
    from featviz_helpers.runner import course
    from featviz_helpers.runner import jobs as selection

    given = dict(options["given"])
    if len(given) < len(options["given"]):
        raise click.UsageError("-p names a parameter twice; give each once")
    # A cluster stops a job with SIGTERM: its kernels must not outlive it either.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        profile = selection.read_profile(options["profile"]) if options["profile"] else {}
        paths = [selection.find(name) for name in notebooks] or selection.discover()
        jobs = selection.prepare_jobs(paths, given, profile)
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
    from ..assets import catalogue
    from ..assets import fetch as fetching

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
    from ..assets import doctor as examination

    try:
        text, whole = examination.report(verify, assets)
    except NotADirectoryError as error:
        raise click.UsageError(str(error)) from None
    click.echo(text)
    context.exit(0 if whole else 1)


for command in (cli_evidence.distance, cli_evidence.exemplars, cli_evidence.study, cli_batch.sweep, cli_batch.results):
    main.add_command(command)
