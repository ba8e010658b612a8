"""`featviz run`."""

from __future__ import annotations

import sys
from typing import Any

import click

from ..common.errors import printable
from . import options as shared
from .command import Command


@click.command(
    cls=Command,
    stopped="What there is: {out}/index.html; --resume goes on from there",
    short_help="Run notebooks into pages and a record.",
)
@click.argument("notebooks", nargs=-1, metavar="[NOTEBOOK]...")
@click.option("-p", "--parameter", "parameters", nargs=2, multiple=True, metavar="NAME VALUE", help="Set a parameter.")
@click.option(
    "-f",
    "--profile",
    type=shared.file,
    help="Parameters in a YAML file.",
)
@shared.out(default="build/course", show_default=True)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    show_default="one for each core, as far as memory goes; 1 with a card",
    help="Notebooks that run at once.",
)
@click.option("--resume", is_flag=True, help="Go on in --out: what finished there stays.")
@shared.assets
@click.option("--describe", is_flag=True, help="Say what the notebooks take, with their defaults; run nothing.")
@click.pass_context
def run(context: click.Context, notebooks: tuple[str, ...], **options: Any) -> None:
    """Run notebooks into executed copies, HTML pages, an index page and run.json.

    NOTEBOOK is a path, a file name or a number (02); default: all of notebooks/. VALUE is text where the
    notebook takes text, and YAML elsewhere: -p STEPS 128 -p CHANNELS "[0, 48]". In a profile the key of a
    notebook (02, or its name) holds that notebook's own parameters.

    --resume takes up a run that was interrupted: notebooks that it finished, with the same values, the same code
    and the same versions, are not run again.

    Exit status: 0, 1 if a notebook failed, 2 if the request was refused, 130 after Ctrl-C.
    """
    from ..runner import course
    from ..runner import describe as describing
    from ..runner import jobs as selection

    parameters = dict(options["parameters"])
    if len(parameters) < len(options["parameters"]):
        raise click.UsageError("-p names a parameter twice; give each once")
    profile = selection.read_profile(options["profile"]) if options["profile"] else {}
    paths = [selection.find(name) for name in notebooks] or selection.discover()
    if options["describe"]:
        click.echo("\n\n".join(describing.describe(selection.read(path)) for path in paths))
        click.echo('\nTo set one:  featviz run 02 -p STEPS 48 -p OTHERS "[3, 102]"')
        return
    jobs = selection.prepare_jobs(paths, parameters, profile)
    command = ["featviz", *sys.argv[1:]]
    processes = options["jobs"] or selection.processes()
    report = course.run(jobs, options["out"], processes, options["assets"], command, options["resume"])
    for entry in report["notebooks"]:
        if error := entry["error"]:
            where = f", cell {error['cell']}: {error['line']}" if "cell" in error else ""
            click.echo(printable(f"{entry['name']} failed{where}"), err=True)
            click.echo("    " + printable(f"{error['name']}: {error['message']}"), err=True)
    index = (options["out"] / "index.html").resolve()
    click.echo(f"{index.as_uri()} ({report['duration']:.0f} s)")
    context.exit(0 if report["status"] == "ok" else 1)
