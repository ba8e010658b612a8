"""The options that several commands have."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..common.checks import file_name, shown

Decorator = Callable[[Any], Any]
NETS = (
    "alex", "squeeze", "vgg", "shapesnet", "ssim", "pixels",
    "alex-place-free", "squeeze-place-free", "vgg-place-free", "shapesnet-place-free",
)  # fmt: skip


class Existing(click.Path):
    """A file or a folder that is there; a name that no file can have is refused like one that is not."""

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """See `click.Path`."""
        try:
            path = super().convert(value, param, context)
        except ValueError:
            self.fail(f"no file can be called {value!r}", param, context)
        if not self.file_okay and not os.path.isdir(path):
            self.fail(f"{value!r} is no folder", param, context)
        return path


file = Existing(exists=True, dir_okay=False, path_type=Path)
folder = Existing(exists=True, file_okay=False, path_type=Path)
weights = click.option("--weights", help="Weights file; without it, what is found in FEATVIZ_ASSETS or Keras's cache.")
layer = click.option("--layer", default="auto", show_default=True, help="Its name; auto takes one in the middle.")
assets = click.option(
    "--assets",
    type=folder,
    help="Folder with weights/ and data/, for a machine without network.",
)


def model(default: str) -> Decorator:
    """`--model`."""
    text = "shapesnet, shapesnet_plain, lite0, lite1, inception_v3, auto, or a path."
    return click.option("--model", default=default, show_default=True, help=text)


def data(**options: Any) -> Decorator:
    """`--data`, passed on as `source`."""
    text = "Folder of images, or the word shapes or photographs (crops of a few that are always there)."
    return click.option("--data", "source", metavar="DIR", help=text, **options)


def count(least: int) -> Decorator:
    """`--count`: how many Shapes are drawn."""
    kind = click.IntRange(least, 1_000_000)
    return click.option("--count", type=kind, default=3200, show_default=True, help="Images of --data shapes.")


def k(least: int) -> Decorator:
    """`--k`."""
    return click.option(
        "--k", type=click.IntRange(least, 1_000_000), default=9, show_default=True, help="Images per channel."
    )


def net(default: str | None, text: str) -> Decorator:
    """`--net`: the network of the distance."""
    return click.option("--net", type=click.Choice(NETS), default=default, show_default=default is not None, help=text)


def precision(of: str) -> Decorator:
    """`--precision`: what is computed in; `of` says of what."""
    text = f"{of}; auto takes bfloat16 where the processor or the card is made for it."
    kind = click.Choice(("float32", "mixed_bfloat16", "auto"))
    return click.option("--precision", type=kind, default="float32", show_default=True, help=text)


class New(click.Path):
    """A file to write; nothing is no name of one.

    Args:
        endings: that it may have; any, if there are none.
    """

    def __init__(self, endings: tuple[str, ...] = (), remedy: str = "name a file", **options: Any) -> None:
        super().__init__(**options)
        self.endings, self.remedy = endings, remedy

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """See `click.Path`."""
        if value == "":
            self.fail(f"it is empty; {self.remedy}", param, context)
        try:
            name = file_name("", value)
            value.encode()  # what is no text can be a name, and cannot be written down with the results
        except ValueError:
            self.fail(f"no file can be called {shown(value)}", param, context)
        if self.endings and name.suffix not in self.endings:
            self.fail(f"{shown(value)} must end in {' or '.join(self.endings)}", param, context)
        return super().convert(value, param, context)


class Folder(New):
    """A folder to write to; nothing is no name of one, and not the working folder either.

    Args:
        path_type: str for one that may be a URL.
    """

    def __init__(self, path_type: type = Path) -> None:
        super().__init__((), "name a folder, or write . for this one", file_okay=False, path_type=path_type)

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """See `click.Path`."""
        path = super().convert(value, param, context)
        if os.path.exists(path) and not os.path.isdir(path):
            self.fail(f"{value!r} is no folder", param, context)
        return path


class Address(click.ParamType):
    """Where something answers; nothing is no address."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        """See `click.ParamType`."""
        if not value.strip():
            self.fail("it is empty; give an address, or leave the option out", param, context)
        return value


def out(**options: Any) -> Decorator:
    """`--out`: a folder for the results."""
    return click.option("--out", type=Folder(), metavar="DIR", **options)
