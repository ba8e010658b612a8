"""The command lines that hold a program: bubblewrap, docker, or nothing but limits."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..common.checks import choice

KINDS = ("bwrap", "docker", "none")
PACKAGE = Path(__file__).resolve().parent.parent
GIVEN, HERE, COURSE = "/given/notebook.ipynb", "/hand_in", "/course"  # inside
ROOTS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
SETTINGS = {
    "TQDM_DISABLE": "1", "MPLBACKEND": "agg", "CUDA_VISIBLE_DEVICES": "-1", "PYTHONDONTWRITEBYTECODE": "1",
    "LANG": "C.UTF-8", "OMP_NUM_THREADS": "2", "TF_NUM_INTRAOP_THREADS": "2", "TF_NUM_INTEROP_THREADS": "2",
    "OPENBLAS_NUM_THREADS": "2",
}  # fmt: skip
BY_USER = ["--unshare-all", "--uid", "65534", "--gid", "65534"]
# The system's limit of processes does not bind root, not even under another number in a namespace of users. So there is
# none of users, and once all is mounted the program becomes nobody.
BY_ROOT = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
BY_ROOT += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--inh-caps=-all", "--clear-groups"]
# What it prints goes to stderr; the answers come out last, through stdout, whatever became of the cells.
SCRIPT = '"$0" -m featviz_helpers.classroom.execute "$1" >&2; exec cat answers.npz 2>/dev/null'


@dataclass(frozen=True)
class Limits:
    """What a hand-in may use.

    Attributes:
        seconds: of the clock.
        memory: bytes, of one process and of all together.
        processes: at once.
        files: bytes of all files that it writes.
        printed: bytes of what it prints.
    """

    seconds: float = 600.0
    memory: int = 6_000_000_000
    processes: int = 40
    files: int = 64_000_000
    printed: int = 8_000_000


def command(kind: str, notebook: Path, limits: Limits, image: str, name: str) -> list[str]:
    """Return the command that runs the cells of a notebook.

    Args:
        kind: one of `KINDS`.
        notebook: the hand-in.
        limits: what it may use.
        image, name: of docker's container.

    Raises:
        ValueError: another kind, its program is not installed here, or nobody may read what it needs.
    """
    choice("the sandbox", kind, KINDS)
    for needed in {"bwrap": ("bwrap", "prlimit", "setpriv"), "docker": ("docker",), "none": ("prlimit",)}[kind]:
        if shutil.which(needed) is None:
            raise ValueError(
                f"The sandbox must be one whose program is installed: {needed} is not found. Install it (Debian: "
                "apt-get install bubblewrap util-linux), choose another, or grade answers alone, without --sandbox."
            )
    if kind == "docker" or (kind == "bwrap" and os.geteuid() == 0):
        closed = [path for path in (PACKAGE, PACKAGE / "__init__.py") if not path.stat().st_mode & 0o004]
        if closed:
            raise ValueError(
                f"In the sandbox a hand-in runs as nobody, who must be able to read {closed[0]}: chmod o+rX."
            )
    if kind == "docker":
        return [*_docker(notebook, limits, image, name), "sh", "-c", f"cd {HERE} && {SCRIPT}", "python", GIVEN]
    if kind == "bwrap":
        return [*_limited(limits), *_bwrap(notebook, limits), "/bin/sh", "-c", SCRIPT, sys.executable, GIVEN]
    return [*_limited(limits), "/bin/sh", "-c", SCRIPT, sys.executable, str(notebook.resolve())]


def environment() -> dict[str, str]:
    """Return the environment of a program that only limits hold: nothing of the teacher's own."""
    return {**SETTINGS, "PATH": os.defpath, "PYTHONPATH": str(PACKAGE.parent)}


def _limited(limits: Limits) -> list[str]:
    seconds = int(4 * limits.seconds)  # of all threads together
    # TensorFlow reserves more addresses than it uses.
    return [
        "prlimit", f"--as={limits.memory + 4_000_000_000}", f"--fsize={limits.files}", f"--cpu={seconds}",
        f"--nproc={50 * limits.processes}", "--core=0", "--",
    ]  # fmt: skip


def _bwrap(notebook: Path, limits: Limits) -> list[str]:
    """Nothing of the machine is there but its programs and this package, all read-only, and no network."""
    words = ["bwrap", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    words += BY_ROOT if os.geteuid() == 0 else BY_USER
    words += ["--hostname", "grading"]
    for folder in ("/tmp", HERE):  # first, or it would hide what lies below such a folder
        words += ["--perms", "1777", "--size", str(limits.files), "--tmpfs", folder]
    words += ["--ro-bind", "/usr", "/usr"]
    for root in map(Path, ROOTS):
        if root.is_symlink():
            words += ["--symlink", os.readlink(root), str(root)]
        elif root.is_dir():
            words += ["--ro-bind", str(root), str(root)]
    words += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for prefix in dict.fromkeys((sys.base_prefix, sys.prefix)):
        if not prefix.startswith("/usr"):
            words += _bind(Path(prefix), prefix)
    words += _bind(PACKAGE, f"{COURSE}/{PACKAGE.name}") + _bind(notebook.resolve(), GIVEN)
    words += ["--proc", "/proc", "--dev", "/dev"]
    words += ["--perms", "1777", "--size", str(limits.files), "--tmpfs", "/dev/shm"]
    # The root and /dev are memory too, and would otherwise take what the folders do not.
    words += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", HERE]
    inside = {**SETTINGS, "PATH": os.defpath, "PYTHONPATH": COURSE, "HOME": HERE, "TMPDIR": HERE}
    words += [word for item in inside.items() for word in ("--setenv", *item)]
    return words + (NOBODY if os.geteuid() == 0 else [])


def _bind(source: Path, place: str) -> list[str]:
    """Show a file or folder, in folders that are open: left to itself, bubblewrap opens them to its own user only."""
    above = reversed(Path(place).parents[:-1])
    return [word for one in above for word in ("--perms", "0755", "--dir", str(one))] + [
        "--ro-bind",
        str(source),
        place,
    ]


def _docker(notebook: Path, limits: Limits, image: str, name: str) -> list[str]:
    memory, files = str(limits.memory), f"size={limits.files},mode=1777"
    # It is removed by hand: whether it was out of memory is asked first. Never a stranger's image from the hub,
    # and no log, which would fill the disk.
    words = ["docker", "run", "--name", name, "--pull", "never", "--log-driver", "none"]
    words += ["--network", "none", "--read-only", "--cap-drop", "ALL"]
    # Fedora and its kin let no container read what is mounted, unless it has no label.
    words += ["--security-opt", "no-new-privileges", "--security-opt", "label=disable"]
    words += ["--user", "65534:65534", "--memory", memory, "--memory-swap", memory]
    words += ["--pids-limit", str(50 * limits.processes), "--shm-size", str(limits.files)]
    words += ["--ulimit", f"cpu={int(4 * limits.seconds)}", "--ulimit", "core=0"]
    # As the working folder it would belong to root: docker makes that one itself, and gives the memory its mode.
    words += ["--tmpfs", f"{HERE}:{files}", "--tmpfs", f"/tmp:{files}"]
    # As --mount: of a source that docker does not see, --volume makes an empty folder, and a colon it takes for a mark.
    for source, place in ((PACKAGE, f"{COURSE}/{PACKAGE.name}"), (notebook.resolve(), GIVEN)):
        words += ["--mount", f'"type=bind","source={source}","target={place}",readonly']
    inside = {**SETTINGS, "PYTHONPATH": COURSE, "HOME": HERE}
    return [*words, *_pairs("--env", inside), image]


def _pairs(option: str, values: dict[str, str]) -> Sequence[str]:
    return [word for key, value in values.items() for word in (option, f"{key}={value}")]
