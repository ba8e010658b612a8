"""What a notebook takes, for a reader: its parameters with their defaults, and what is allowed in their place."""

from __future__ import annotations

import json
import re

from ..common.errors import printable
from .jobs import Job
from .parameters import Parameter

PLACEHOLDER = re.compile(r'placeholder:\s*"([^"]+)"')


def describe(job: Job) -> str:
    """Return the parameters of a notebook as a table of names, types with defaults, and remarks; nothing is run.

    Args:
        job: the notebook, as `jobs.read` gives it.
    """
    title, question = job.heading
    lines = [": ".join(filter(None, [title, question])) or job.path.name, str(job.path), ""]
    rows = [
        (p.name, f"{p.kind} = {json.dumps(p.default, ensure_ascii=False)}", remark(p)) for p in job.parameters.values()
    ]
    wide = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    lines += [f"  {name:{wide[0]}}  {default:{wide[1]}}  {words}".rstrip() for name, default, words in rows]
    return "\n".join(map(printable, lines if rows else [*lines, "  (it takes none)"]))


def remark(parameter: Parameter) -> str:
    """Return what the comment of a parameter says; of a Colab form, the choices and whether others are allowed."""
    comment = parameter.comment.lstrip("# ")
    if not comment.startswith("@param"):
        return comment
    choices, _, form = comment.removeprefix("@param").partition("{")
    names = ", ".join(re.findall(r'"[^"]*"', choices))
    other = PLACEHOLDER.search(form)
    words = other[1] if other else "another" if "allow-input: true" in form else ""
    words = words if not names or words.startswith("or ") else f"or {words}" if words else ""
    return " ".join(filter(None, [names, words.replace("or path", "or a path")]))
