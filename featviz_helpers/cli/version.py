"""`featviz version`."""

from __future__ import annotations

import platform

import click

from .command import Command


@click.command(cls=Command, short_help="Print the versions that a report of a fault needs.")
def version() -> None:
    """Print the version of this package, of Python, and of what it computes with; `featviz doctor` tries them.

    Exit status: 0.
    """
    from ..common.provenance import PACKAGES, versions

    installed = versions(PACKAGES)
    name = PACKAGES[0]
    rows = {name: installed.pop(name), "python": platform.python_version(), **installed}
    click.echo("\n".join(f"{package} {number}" for package, number in rows.items()))
