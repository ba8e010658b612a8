"""The commands of batch studies: `featviz sweep`, `featviz results`. Imports no TensorFlow."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from .command import Command

SHOWN = 5  # runs of a dry run


@click.command(cls=Command)
@click.argument("plan", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="PLAN.yaml")
@click.option("--out", metavar="DIR", help="Folder or fsspec URL for the results, instead of the plan's own output.")
@click.option("--workers", type=click.IntRange(1), help="Processes of this machine; without it, as its cores allow.")
@click.option("--scheduler", metavar="ADDRESS", help="A Dask scheduler that is running: tcp://host:8786.")
@click.option(
    "--cluster",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A YAML file that describes a batch system (Slurm, PBS, LSF, ...).",
)
@click.option("--dry-run", is_flag=True, help="Check everything, say what would run, and start nothing.")
@click.option("--limit", type=click.IntRange(1), help="Run so many of what is left, to try a plan out.")
@click.option("--fresh", is_flag=True, help="Start a kernel for every run, instead of one for many.")
@click.option("--extend", is_flag=True, help="Go on in an output that was begun with another plan.")
@click.option("--yes", is_flag=True, help="Allow a grid of more than a million cells.")
@click.pass_context
def sweep(context: click.Context, plan: Path, **options: Any) -> None:
    """Run a notebook over a grid of parameters; what is finished is never done twice, and nothing is lost.

    PLAN.yaml names the notebook, fixed parameters and a grid; it is checked in full before anything starts. A sweep
    that was stopped, or whose machine went down, goes on where it was when the same command is given again.

    Exit status: 0, 1 if runs failed or the disk is full, 2 if the plan was refused, 130 after Ctrl-C.
    """
    from ..batch import sweep as conductor
    from ..batch.plan import Plan
    from ..batch.plan_file import PlanError
    from ..batch.run import DiskIsFull

    if sum(bool(options[name]) for name in ("workers", "scheduler", "cluster")) > 1:
        raise click.UsageError("--workers, --scheduler and --cluster exclude each other; give one of them")
    read = Plan(plan, options["yes"])
    address = options["out"] or read.written.output
    if not address:
        raise PlanError(f"{plan.name} names no output; add `output: DIR` to it, or give --out")
    place = _place(address)
    wanted = conductor.orders(read, place.address, options["fresh"])
    if options["dry_run"]:
        _say(read, place, wanted)
        return
    try:
        tally = _run(read, place, wanted, options)
    except conductor.SchedulerLost as error:
        raise click.ClickException(f"{error}. What is finished is safe; the same command goes on from here.") from None
    except DiskIsFull as error:
        raise click.ClickException(f"{error.strerror}. What is finished is safe; make room and go on.") from None
    for reason, count in Counter(tally.failed.values()).most_common(SHOWN):
        click.echo(f"{count} failed: {reason}", err=True)
    if tally.failed:
        click.echo(f"Their notebooks, as far as they came: {place.path('failed')}", err=True)
    click.echo(f"{tally.there + tally.done} of {len(wanted)} runs are finished: featviz results {place.address}")
    context.exit(1 if tally.failed else 0)


def _place(address: str) -> Any:
    """Return the output, or say why there can be none."""
    from ..batch.plan_file import PlanError
    from ..batch.run_folders import Place

    try:
        return Place(address if "://" in address else Path(address).expanduser().resolve())
    except (ImportError, ValueError) as error:  # a protocol that needs another package, or that nobody knows
        raise PlanError(f"cannot write to {address}: {error}") from None


def _say(plan: Any, place: Any, wanted: list) -> None:
    """Print what a sweep would do."""
    from tqdm import tqdm

    from ..batch import sweep as conductor

    left = conductor.unfinished(place, wanted)
    seconds = conductor.estimate(place, wanted, left)
    click.echo(
        f"{len(wanted)} runs of {plan.job.path.name} ({plan.size} cells), {len(left)} to do, into {place.address}"
    )
    if seconds is None:
        click.echo("No run is finished yet, so nothing is known of the time; --limit 1 makes one.")
    else:
        click.echo(f"About {tqdm.format_interval(seconds)} of work, divided by the number of workers.")
    for order in left[:SHOWN]:
        click.echo(f"  {order.run}  {conductor.describe(order)}")
    if len(left) > SHOWN:
        click.echo(f"  ... and {len(left) - SHOWN} more")


def _run(plan: Any, place: Any, wanted: list, options: dict[str, Any]) -> Any:
    """Run what is left and return the tally."""
    from ..batch import cluster
    from ..batch import sweep as conductor

    batch = cluster.read_batch(options["cluster"]) if options["cluster"] else None
    with conductor.alone(place):
        conductor.check(place, plan, wanted, options["extend"])
        left = conductor.unfinished(place, wanted)
        tally = conductor.Tally(len(wanted), len(wanted) - len(left))
        left = left[: options["limit"]]
        tell = conductor.writer(place)
        if left:
            cores = plan.written.resources.cores
            with cluster.connected(options["workers"], options["scheduler"], batch, cores) as client:
                click.echo(f"Dashboard: {client.dashboard_link}", err=True)
                tell(f"{len(left)} runs to do, {tally.there} there; scheduler {client.scheduler.address}")
                expected = batch.jobs * batch.options.get("processes", 1) if batch else 1
                conductor.conduct(client, left, tally, plan.written.retries, tell, expected)
    return tally


@click.command(cls=Command)
@click.argument("folder", metavar="DIR")
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="Write the table: .parquet or .csv.")
@click.option("--failed", is_flag=True, help="The runs that failed, with their reasons.")
def results(folder: str, to: Path | None, failed: bool) -> None:
    """Gather what a sweep has finished so far into one table.

    DIR is the output of the sweep, a folder or an fsspec URL. Without --to, print a summary. `featviz_helpers/batch/
    results.py` documents the columns.

    Exit status: 0, 1 if the table could not be written, 2 if there are no results.
    """
    from ..batch import results as store

    table = store.failures(folder) if failed else store.table(folder)
    if to is None:
        click.echo(store.summary(table) if not failed else table.to_string(index=False))
        return
    store.write(table, to)
    click.echo(f"{to}: {len(table)} rows, {len(table.columns)} columns")
