"""What `featviz doctor` says: this machine, the packages, and which assets are where. Imports no TensorFlow."""

import os
import platform
import shutil
import subprocess
from importlib import metadata

import psutil

from ..assets import fetch as fetching
from ..assets import locate as assets
from ..common.progress import format_bytes
from .catalogue import ASSETS, Asset
from .unpack import sums_of

PACKAGES = ("featviz-helpers", "tensorflow", "keras", "torch", "torchvision", "lpips", "numpy", "papermill")
FOR = {"torch": "LPIPS", "torchvision": "LPIPS", "lpips": "LPIPS"}  # what does not work without a package


def version(package: str) -> str:
    """Return the version of an installed package, or what its absence means."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return f"missing: no {FOR[package]}" if package in FOR else "missing: run `make course`, or pip install it"


def gpu() -> str:
    """Return what nvidia-smi says about the GPU; TensorFlow may still lack its CUDA libraries."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return "none that nvidia-smi would know: MODEL 'auto' takes the bundled ShapesNet"
    command = [program, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return f"nvidia-smi is there and fails ({error}): look after the driver"
    return "; ".join(done.stdout.strip().splitlines()) or "nvidia-smi is there and lists none"


def machine() -> list[str]:
    """Return the lines about this machine."""
    place = fetching.destination()
    existing = next(path for path in (place, *place.absolute().parents) if path.exists())
    memory = psutil.virtual_memory()
    rows = [("python", f"{platform.python_version()} ({platform.system()} {platform.machine()})")]
    rows += [(package, version(package)) for package in PACKAGES]
    rows += [
        ("GPU", gpu()),
        ("cores", str(os.cpu_count())),
        ("memory", f"{format_bytes(memory.available)} free of {format_bytes(memory.total)}"),
        ("disk", f"{format_bytes(shutil.disk_usage(existing).free)} free in {place}"),
    ]
    return [f"{name:16} {value}" for name, value in rows]


def places() -> list[str]:
    """Return the lines about the folders that are searched, in their order."""
    own = assets.user_folder()
    return [
        f"{'FEATVIZ_ASSETS':16} {assets.folder() or 'not set'}",
        f"{'own folder':16} {own}{'' if own.is_dir() else ' (not there yet)'}",
    ]


def state(asset: Asset, verify: bool = False) -> tuple[str, bool]:
    """Return a line or two about an asset, and whether it is damaged.

    Args:
        asset: the asset.
        verify: read every byte, not only sizes and numbers of images.
    """
    found = assets.find(asset.name)
    # `find` passes over a file of the wrong size; here it must not go unsaid.
    there = [found] if found else [path for folder in assets.folders() if (path := folder / asset.path).exists()]
    if not there:
        return f"missing: {asset.otherwise}\n{'':30}get it: featviz fetch {asset.name}", False
    if wrong := fetching.defect(asset, there[0], verify):
        first = "delete it, then" if asset.folder else "replace it"  # nobody's folder of images is deleted for them
        return f"DAMAGED, {wrong}: {there[0]}\n{'':30}{first}: featviz fetch {asset.name}", True
    how = f"{asset.images:,} images" if asset.folder else format_bytes(there[0].stat().st_size)
    if verify:
        listed = not asset.folder or sums_of(there[0]).is_file()
        how += ", every byte verified" if listed else ", without checksums to compare them with"
    return f"there, {how}: {there[0]}", False


def others() -> list[str]:
    """Return what else the folder of FEATVIZ_ASSETS holds: weights and data that the course has no name for."""
    known = {asset.path for asset in ASSETS.values()}
    named = assets.folder()
    paths = [*named.glob("weights/*"), *named.glob("data/*")] if named else []
    names = sorted(path.relative_to(named).as_posix() for path in paths if not path.name.startswith("."))
    return [name for name in names if name not in known and not name.endswith((".part", ".sha256"))]


def report(verify: bool = False) -> tuple[str, bool]:
    """Return the whole report, and whether all that is there is whole.

    Args:
        verify: read every byte of every asset: minutes for the photographs.

    Raises:
        NotADirectoryError: FEATVIZ_ASSETS is set and names no folder.
    """
    lines = [*machine(), "", *places(), ""]
    model = assets.bundled("shapesnet.weights.h5")
    whole = model.is_file()
    lines.append(f"{'bundled ShapesNet':30}{'there' if whole else 'MISSING: install the package again'}: {model}")
    for asset in ASSETS.values():
        line, damaged = state(asset, verify)
        lines.append(f"{asset.name:30}{line}")
        whole = whole and not damaged
    if extra := others():
        lines += ["", "Also in FEATVIZ_ASSETS:", *(f"    {name}" for name in extra)]
    lines += ["", "With the bundled network and data set, every notebook runs without any of these files."]
    return "\n".join(lines), whole
