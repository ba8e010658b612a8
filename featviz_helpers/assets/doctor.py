"""What `featviz doctor` says: this machine, the packages, and which assets are where. Imports no TensorFlow."""

import platform
import subprocess
from pathlib import Path

import psutil

from ..common.files import free_bytes
from ..common.progress import format_bytes
from ..common.provenance import cpu_count, nvidia_smi, versions
from . import fetch, locate
from .catalogue import ASSETS, Asset
from .unpack import sums_of

PACKAGES = ("featviz-helpers", "tensorflow", "keras", "torch", "torchvision", "lpips", "numpy", "papermill")
WITHOUT = {"torch": "no LPIPS", "torchvision": "no LPIPS", "lpips": "no LPIPS"}  # what a package that is missing costs


def report(verify: bool = False, assets: Path | None = None) -> tuple[str, bool]:
    """Return the whole report, and whether all that is there is whole.

    Args:
        verify: read every byte of every asset: minutes for the photographs.
        assets: a folder in the place of that of FEATVIZ_ASSETS.

    Raises:
        NotADirectoryError: FEATVIZ_ASSETS is set and names no folder.
    """
    first = assets or locate.folder()
    lines = [*_machine(first), "", *_folders(first), ""]
    model = locate.bundled("shapesnet.weights.h5")
    whole = model.is_file()
    lines.append(f"{'bundled ShapesNet':30}{'there' if whole else 'MISSING: install the package again'}: {model}")
    for asset in ASSETS.values():
        line, damaged = _state(asset, first, verify)
        lines.append(f"{asset.name:30}{line}")
        whole = whole and not damaged
    if extra := _unnamed(first):
        lines += ["", "Also in FEATVIZ_ASSETS:", *(f"    {name}" for name in extra)]
    lines += ["", "With the bundled network and data set, every notebook runs without any of these files."]
    return "\n".join(lines), whole


def _machine(first: Path | None) -> list[str]:
    """Return the lines about this machine."""
    folder, memory, installed = fetch.destination(first), psutil.virtual_memory(), versions(PACKAGES)
    rows = [("python", f"{platform.python_version()} ({platform.system()} {platform.machine()})")]
    for package in PACKAGES:
        cost = WITHOUT.get(package, "run `make course`, or pip install it")
        rows.append((package, installed.get(package, f"missing: {cost}")))
    rows += [
        ("GPU", _gpu()),
        ("cores", str(cpu_count())),
        ("memory", f"{format_bytes(memory.available)} free of {format_bytes(memory.total)}"),
        ("disk", f"{format_bytes(free_bytes(folder))} free in {folder}"),
    ]
    return [f"{name:16} {value}" for name, value in rows]


def _gpu() -> str:
    """Return what nvidia-smi says about the GPU; TensorFlow may still lack its CUDA libraries."""
    try:
        return "; ".join(nvidia_smi("name,memory.total")) or "nvidia-smi is there and lists none"
    except FileNotFoundError:
        return "none that nvidia-smi would know: MODEL 'auto' takes lite0"
    except (OSError, subprocess.SubprocessError) as error:
        return f"nvidia-smi is there and fails ({error}): look after the driver"


def _folders(first: Path | None) -> list[str]:
    """Return the lines about the folders that are searched, in their order."""
    own = locate.user_folder()
    return [
        f"{'FEATVIZ_ASSETS':16} {first or 'not set'}",
        f"{'own folder':16} {own}{'' if own.is_dir() else ' (not there yet)'}",
    ]


def _state(asset: Asset, first: Path | None, verify: bool) -> tuple[str, bool]:
    """Return a line or two about an asset, and whether it is damaged."""
    path = locate.find(asset.name, first)
    if path is None:  # `find` passes over a file of the wrong size; here it must not go unsaid
        candidates = [folder / asset.path for folder in locate.folders(first)]
        path = next((path for path in candidates if path.exists()), locate.in_package(asset))
    if path is None:
        return f"missing: {asset.otherwise}\n{'':30}get it: {locate.remedy(asset)}", False
    if flaw := fetch.flaw_of(asset, path, verify):
        # Nobody's folder of images is deleted for them.
        first_step = "delete it, then" if asset.folder else "replace it"
        return f"DAMAGED, {flaw}: {path}\n{'':30}{first_step}: {locate.remedy(asset, path)}", True
    facts = f"{asset.images:,} images" if asset.folder else format_bytes(path.stat().st_size)
    if verify:
        listed = not asset.folder or sums_of(path).is_file()
        facts += ", every byte verified" if listed else ", without checksums to compare them with"
    return f"there, {facts}: {path}", False


def _unnamed(first: Path | None) -> list[str]:
    """Return what else the folder of FEATVIZ_ASSETS holds: weights and data that the course has no name for."""
    known = {asset.path for asset in ASSETS.values()}
    paths = [*first.glob("weights/*"), *first.glob("data/*")] if first else []
    names = sorted(path.relative_to(first).as_posix() for path in paths if not path.name.startswith("."))
    return [name for name in names if name not in known and not name.endswith((".part", ".sha256"))]
