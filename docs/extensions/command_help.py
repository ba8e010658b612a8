"""The help of every command, as the command line prints it."""

import click
from featviz_helpers.cli.main import main

WIDTH = 100  # characters


def sections() -> list[str]:
    """Return reStructuredText: a section for each command."""
    lines = []
    for name, command in sorted(main.commands.items()):
        title = f"featviz {name}"
        context = click.Context(command, info_name=title, terminal_width=WIDTH, max_content_width=WIDTH)
        lines += [title, "-" * len(title), "", ".. code-block:: text", ""]
        lines += [f"   {line}".rstrip() for line in command.get_help(context).splitlines()] + [""]
    return lines
