"""What `featviz doctor` says: whether the course runs here, what is wrong, what is not here and need not be.

Imports no TensorFlow; a process of its own tries it.
"""

from __future__ import annotations

import platform
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from ..common.cards import unused_card
from ..common.files import free_bytes
from ..common.progress import format_bytes
from ..common.provenance import cpu_count, nvidia_smi, versions
from . import fetch, locate, trials
from .catalogue import ASSETS, Asset
from .unpack import sums_of

NEEDED = ("featviz-helpers", "keras", "numpy", "papermill")  # TensorFlow is tried: it has a name for every build
OPTIONAL = ("torch", "torchvision", "lpips")


@dataclass
class Findings:
    """What the doctor found, in the order in which it is told.

    Attributes:
        faults: what is wrong, with what to do.
        advice: what could be better.
        tried: what came of the trials.
        here: what there is.
        absent: what is not here; every notebook runs without.
        gpu: whether TensorFlow sees a GPU.
    """

    faults: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    here: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    gpu: bool = False

    def text(self, verdict: str) -> str:
        """Return the report."""
        parts = [("", [verdict, *self.advice]), ("Wrong:", self.faults), ("Tried:", self.tried), ("Here:", self.here)]
        parts.append(("Not here, and no notebook needs it:", self.absent))
        return "\n\n".join("\n".join([*filter(None, [head]), *lines]) for head, lines in parts if lines)


def report(verify: bool = False, assets: Path | None = None) -> tuple[str, bool]:
    """Return the whole report, and whether nothing is wrong.

    Args:
        verify: read every byte of every asset: minutes for the photographs.
        assets: a folder in the place of that of FEATVIZ_ASSETS.

    Raises:
        NotADirectoryError: FEATVIZ_ASSETS is set and names no folder.
    """
    first = assets or locate.folder()
    found = Findings()
    _machine(found, first)
    _weights(found, first, verify)
    results, found.gpu = trials.try_all(Path("build/course"))
    for trial in results:
        (found.tried if trial.ok else found.faults).append(_row(trial.name, trial.found))
    if advice := unused_card(found.gpu):
        found.advice.append(advice)
    return found.text(_verdict(found, first)), not found.faults


def _row(name: str, text: str, wide: int = 16) -> str:
    return f"{name:{wide}} {text}"


def _verdict(found: Findings, first: Path | None) -> str:
    """Return the first line: whether the course runs here, on which network, and how to get another."""
    if found.faults:
        count = len(found.faults)
        return f"Not ready: {count} thing{'s are' if count > 1 else ' is'} wrong, see below; then run this again."
    weights = locate.find_inception(first=first)
    if found.gpu:
        return "Ready: every notebook runs here, on InceptionV3" + ("." if weights else ", fetched at its first use.")
    more = "-p MODEL inception_v3" if weights else "featviz fetch inception_v3, then -p MODEL inception_v3"
    return f"Ready: every notebook runs here, on lite0. InceptionV3 is slow without a card: {more}"


def _machine(found: Findings, first: Path | None) -> None:
    """Find out about this machine."""
    installed = versions((*NEEDED, *OPTIONAL))
    folder, own = fetch.destination(first), locate.user_folder()
    found.here.append(_row("python", f"{platform.python_version()} ({platform.system()} {platform.machine()})"))
    for package in NEEDED:
        if package in installed:
            found.here.append(_row(package, installed[package]))
        else:
            found.faults.append(_row(package, f"is missing: make course, or pip install {package}"))
    found.here += [_row(package, installed[package]) for package in OPTIONAL if package in installed]
    if missing := [package for package in OPTIONAL if package not in installed]:
        how = "for the distance LPIPS\n{:31}get it: make lpips, or pip install 'featviz-helpers[lpips]'".format("")
        found.absent.append(_row(", ".join(missing), how, 30))
    found.here += [
        _row("card", _card()),
        _row("cores", str(cpu_count())),
        _row("disk", f"{format_bytes(free_bytes(folder))} free in {folder}"),
        _row("FEATVIZ_ASSETS", str(first or "not set")),
        _row("own folder", f"{own}{'' if own.is_dir() else ' (not there yet)'}"),
    ]


def _card() -> str:
    """Return what nvidia-smi says about the card."""
    try:
        return "; ".join(nvidia_smi("name,memory.total")) or "nvidia-smi is there and lists none"
    except FileNotFoundError:
        return "none that nvidia-smi would know"
    except (OSError, subprocess.SubprocessError) as error:
        return f"nvidia-smi is there and fails ({error}): look after the driver"


def _weights(found: Findings, first: Path | None, verify: bool) -> None:
    """Find out which weights and photographs are where."""
    for name in ("shapesnet", "shapesnet_plain"):
        path = locate.bundled(f"{name}.weights.h5")
        if path.is_file():
            found.here.append(_row(f"bundled {name}", f"there: {path}", 30))
        else:
            found.faults.append(_row(f"bundled {name}", f"MISSING: install the package again: {path}", 30))
    for asset in ASSETS.values():
        line, kind = _state(asset, first, verify)
        getattr(found, kind).append(_row(asset.name, line, 30))
    if extra := _unnamed(first):
        found.here += ["Also in FEATVIZ_ASSETS:", *(f"    {name}" for name in extra)]


def _state(asset: Asset, first: Path | None, verify: bool) -> tuple[str, str]:
    """Return a line or two about an asset, and where in `Findings` they belong."""
    path = locate.find(asset.name, first)
    if path is None:  # `find` passes over a file of the wrong size; here it must not go unsaid
        candidates = [folder / asset.path for folder in locate.folders(first)]
        path = next((path for path in candidates if path.exists()), locate.in_package(asset))
    if path is None:
        return f"instead: {asset.otherwise}\n{'':31}get it: {locate.remedy(asset)}", "absent"
    if flaw := fetch.flaw_of(asset, path, verify):
        # Nobody's folder of images is deleted for them.
        first_step = "delete it, then" if asset.folder else "replace it"
        return f"DAMAGED, {flaw}: {path}\n{'':31}{first_step}: {locate.remedy(asset, path)}", "faults"
    facts = f"{asset.images:,} images" if asset.folder else format_bytes(path.stat().st_size)
    if verify:
        listed = not asset.folder or sums_of(path).is_file()
        facts += ", every byte verified" if listed else ", without checksums to compare them with"
    return f"there, {facts}: {path}", "here"


def _unnamed(first: Path | None) -> list[str]:
    """Return what else the folder of FEATVIZ_ASSETS holds: weights and data that the course has no name for."""
    known = {asset.path for asset in ASSETS.values()}
    paths = [*first.glob("weights/*"), *first.glob("data/*")] if first else []
    names = sorted(path.relative_to(first).as_posix() for path in paths if not path.name.startswith("."))
    return [name for name in names if name not in known and not name.endswith((".part", ".sha256"))]
