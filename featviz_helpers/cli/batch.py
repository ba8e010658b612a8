"""The commands of batch studies: `featviz sweep`, `featviz results`. Imports no TensorFlow."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click

from . import options as shared
from .command import Command

SHOWN = 5  # runs of a dry run
MOST_WORKERS = 1024


@click.command(cls=Command, short_help="Run a notebook over a grid of parameters.")
@click.argument("plan", type=shared.file, metavar="PLAN.yaml")
@click.option(
    "--out",
    type=shared.Folder(path_type=str),
    metavar="DIR",
    help="Folder or fsspec URL for the results, instead of the plan's own output.",
)
@click.option(
    "--workers", type=click.IntRange(1, MOST_WORKERS), help="Processes of this machine; without it, as its cores allow."
)
@click.option(
    "--scheduler", type=shared.Address(), metavar="ADDRESS", help="A Dask scheduler that is running: tls://host:8786."
)
@click.option("--tls-ca", type=shared.file, help="For --scheduler: the authority that signed its certificate.")
@click.option("--tls-cert", type=shared.file, help="For --scheduler: your certificate.")
@click.option("--tls-key", type=shared.file, help="For --scheduler: its key.")
@click.option(
    "--cluster",
    type=shared.file,
    help="A YAML file that describes a batch system (Slurm, PBS, LSF, ...).",
)
@click.option("--dry-run", is_flag=True, help="Check everything, say what would run, and start nothing.")
@click.option("--limit", type=click.IntRange(1, 10**9), help="Run so many of what is left, to try a plan out.")
@click.option("--fresh", is_flag=True, help="Start a kernel for every run, instead of one for many.")
@click.option("--extend", is_flag=True, help="Go on in an output that was begun with another plan.")
@click.option("--yes", is_flag=True, help="Allow a grid of more than a million combinations.")
@click.pass_context
def sweep(context: click.Context, plan: Path, **options: Any) -> None:
    """Run a notebook over a grid of parameters; what is finished is never done twice, and nothing is lost.

    PLAN.yaml names the notebook, fixed parameters and a grid; it is checked in full before anything starts. A sweep
    that was stopped, or whose machine went down, goes on where it was when the same command is given again.

    Exit status: 0, 1 if runs failed, the disk is full or no worker was to be had, 2 if the request was refused before
    anything was tried, 130 after Ctrl-C.
    """
    from ..batch.dispatch import SchedulerLost
    from ..batch.jobs import read_batch_system
    from ..batch.plan import SweepPlan
    from ..batch.plan_file import PlanError
    from ..batch.run import DiskIsFull
    from ..batch.sweep import run_requests

    if sum(bool(options[name]) for name in ("workers", "scheduler", "cluster")) > 1:
        raise click.UsageError("--workers, --scheduler and --cluster exclude each other; give one of them")
    if options["scheduler"] is None and any(options[name] for name in ("tls_ca", "tls_cert", "tls_key")):
        raise click.UsageError(
            "--tls-ca, --tls-cert and --tls-key are for --scheduler; give its address, or leave them out"
        )
    system = read_batch_system(options["cluster"]) if options["cluster"] else None
    checked = SweepPlan(plan, options["yes"])
    address = options["out"] or checked.fields.output
    if not address:
        raise PlanError(f"{plan.name} names no output; add `output: DIR` to it, or give --out")
    folders = _run_folders(address)
    requests = run_requests(checked, folders.address, options["fresh"], ["featviz", *sys.argv[1:]])
    if options["dry_run"]:
        _dry_run(checked, folders, requests, options["limit"], options["extend"])
        return
    try:
        tally = _sweep(checked, folders, requests, system, options)
    except SchedulerLost as error:
        raise click.ClickException(f"{error}. What is finished is safe; the same command goes on from here.") from None
    except DiskIsFull as error:
        raise click.ClickException(f"{error.strerror}. What is finished is safe; make room and go on.") from None
    _summarise(tally, folders)
    context.exit(1 if tally.failed else 0)


def _summarise(tally: Any, folders: Any) -> None:
    """Print what came of a sweep."""
    for reason, count in Counter(tally.failed.values()).most_common(SHOWN):
        click.echo(f"{count} failed: {reason}", err=True)
    if tally.failed:
        click.echo(f"Their notebooks, as far as they came: {folders.path('failed')}", err=True)
    click.echo(f"{tally.finished} of {tally.total} runs are finished: featviz results {folders.address}")


def _run_folders(address: str) -> Any:
    """Return the output, or say why there can be none."""
    from ..batch.plan_file import PlanError
    from ..batch.run_folders import RunFolders

    try:
        return RunFolders(address if "://" in address else Path(address).expanduser().resolve())
    except (
        ImportError,
        ValueError,
        RuntimeError,
    ) as error:  # nobody has such a home, or knows the protocol
        raise PlanError(f"cannot write to {address}: {error}") from None


def _dry_run(plan: Any, folders: Any, requests: list, limit: int | None, extend: bool) -> None:
    """Print what a sweep would do, or refuse what it would refuse."""
    from tqdm import tqdm

    from ..batch import dispatch, sweep

    sweep.refuse_another_plan(folders, plan, requests, extend)
    left = sweep.unfinished(folders, requests)
    remaining, seconds = left[:limit], sweep.estimate(folders, requests, left)
    runs = f"{len(requests)} runs of {plan.job.path.name} ({plan.size} combinations)"
    click.echo(f"{runs}, {len(remaining)} to do, into {folders.address}")
    if seconds is None:
        click.echo("No run is finished yet, so nothing is known of the time; --limit 1 makes one.")
    else:
        seconds *= len(remaining) / max(1, len(left))
        click.echo(f"About {tqdm.format_interval(seconds)} of work, divided by the number of workers.")
    for request in remaining[:SHOWN]:
        click.echo(f"  {request.run}  {dispatch.describe(request)}")
    if len(remaining) > SHOWN:
        click.echo(f"  ... and {len(remaining) - SHOWN} more")


def _sweep(plan: Any, folders: Any, requests: list, system: Any, options: dict[str, Any]) -> Any:
    """Run what is left and return the tally."""
    from ..batch import cluster, sweep

    cores = plan.fields.resources.cores
    security = cluster.tls(options["tls_ca"], options["tls_cert"], options["tls_key"])
    if (options["scheduler"] and security is None) or (system and system.is_open):
        click.echo(cluster.OPEN, err=True)
    return sweep.sweep(
        plan,
        folders,
        requests,
        cluster.connect(options["workers"], options["scheduler"], system, cores, security),
        expected=system.worker_count if system else 1,
        limit=options["limit"],
        extend=options["extend"],
        announce=lambda line: click.echo(line, err=True),
    )


@click.command(cls=Command, short_help="Gather what a sweep has finished into one table.")
@click.argument("folder", metavar="DIR")
@click.option(
    "--to",
    type=shared.New((".parquet", ".csv"), dir_okay=False, path_type=Path),
    help="Write the table: .parquet or .csv.",
)
@click.option("--failed", is_flag=True, help="The runs that failed, with their reasons.")
def results(folder: str, to: Path | None, failed: bool) -> None:
    """Gather what a sweep has finished so far into one table.

    DIR is the output of the sweep, a folder or an fsspec URL. Without --to, print a summary. `featviz_helpers/batch/
    results.py` documents the columns.

    Exit status: 0, 1 if the table could not be written, 2 if there are no results.
    """
    from ..batch import results as sweep_results

    table = sweep_results.failures(folder) if failed else sweep_results.results_table(folder)
    for name, reason in table.attrs.get("left_out", {}).items():
        click.echo(f"{name} is damaged and left out: {reason}", err=True)
    if to is None:
        click.echo(sweep_results.summary(table) if not failed else table.to_string(index=False))
        return
    sweep_results.write_table(table, to)
    click.echo(f"{to}: {len(table)} rows, {len(table.columns)} columns")
