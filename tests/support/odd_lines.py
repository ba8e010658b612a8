"""Odd words on the command line and in plans, and what may come of them: one line and status 2, or a right answer."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from click.testing import CliRunner
from featviz_helpers.cli.main import main

WORDS = (
    "twelve", "", " ", "-1", "0", "1", "0.5", "1e3", "nan", "inf", "99999999999999999999", "4294967299", "1_000", "010",
    "0x10", "1:30", "yes", "null", "~", "2024-01-01", "[1", "[1, 2]", "{a: 1}", "*a", "&a [*a]", "!!python/name:os",
    "a\0b",
    "\udcff", "é" * 300, "../..", "~nobody/x", "/dev/null", "http://127.0.0.1:1/x", "[" * 3000, "- a\n- b",
    "$(touch x)",
    "a;b", "True", "--help ", "\u202e", "9" * 5000,
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A command that is right, with one place, {}, for an odd word; which words are right there, and what names it."""

    words: Sequence[str]
    fits: Callable[[str], bool]
    called: str


class Reached(Exception):
    """The request was accepted, and the work would begin."""


def whole(least: int, most: int) -> Callable[[str], bool]:
    """As click reads a whole number: with a sign, underscores and leading zeros."""
    return lambda word: (
        bool(re.fullmatch(r"\s*[+-]?\d+(_\d+)*\s*", word)) and len(word) < 99 and least <= int(word) <= most
    )


def one_of(*names: str) -> Callable[[str], bool]:
    return lambda word: word in names


@contextmanager
def without(work: Sequence[str]) -> Iterator[None]:
    """Raise Reached in place of what would begin if a request were accepted, given as module.function."""
    with ExitStack() as stack:
        for name in work:
            stack.enter_context(mock.patch(name, side_effect=Reached))
        yield


def outcome(line: Line, word: str) -> str:
    """Return "clear", "right", or what is wrong.

    Args:
        line: the command.
        word: the odd word.
    """
    done = CliRunner().invoke(main, [part.replace("{}", word) for part in line.words])
    if isinstance(done.exception, Reached) or done.exit_code == 0:
        return "right" if line.fits(word) else "accepted"
    if line.fits(word):
        return f"refused, and is right: {done.output[-200:]}"
    return unclear(done, line.called, word)


def unclear(done: Any, called: str, word: str) -> str:
    """Return "clear", or what a refusal lacks."""
    if not isinstance(done.exception, SystemExit) or "Traceback" in done.output:
        return f"unclear: {type(done.exception).__name__}: {done.exception}"[:200]
    if done.exit_code == 1 and done.output.endswith(" installed\n"):
        return "clear"  # what is missing is a package
    if done.exit_code != 2:
        return f"unclear, exit code {done.exit_code}: {done.output[-200:]}"
    before, found, message = done.output.partition("Error: ")
    lines = [text for text in before.splitlines() if text.strip()]
    if not found or not all(text.startswith(("Usage:", "Try")) for text in lines) or message.count("\n") != 1:
        return f"unclear, more than one line: {done.output[-300:]!r}"
    if not re.search(f"{called}|no such option", message, re.IGNORECASE):
        return f"unclear, does not name {called}: {message:.200}"
    if not any(form and form in message for form in forms(word)):
        return f"unclear, does not show {word!r:.30}: {message:.200}"
    return "clear"


def forms(word: str) -> set[str]:
    """How a message may show a word."""
    bare = word.strip()
    short = {
        str(int(bare)) if re.fullmatch(r"\d+(_\d+)*", bare) and len(bare) < 99 else "",
        "\ufffd" if bare == "\udcff" else "",
        bare[:2],
        bare[:6],
        repr(bare)[1:7],
        repr(bare)[1:5],
        ascii(bare)[1:7],
        "line ",
    }
    return {form for form in short if form} | (set() if bare else {"empty", "''", '""', "' '", "none"})
