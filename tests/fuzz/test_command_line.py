"""Odd words on the command line and in plans: one line and exit status 2, or the work would begin."""

import math
from datetime import date

import pytest
from featviz_helpers.data.images import save_image
from support.networks import pictures
from support.notebooks import write_notebook
from support.odd_lines import WORDS, Line, one_of, outcome, whole, without

KNOBS = """
STEPS: int = 64
RATE: float = 0.05
CHANNELS: list[int] = [0]
WEIGHTS: list[float] = [0.5]
ON: bool = True
WORD: str = "a"  # any word
EITHER: str | int = 1
TABLE: dict = {}
MODEL: str = "shapesnet"  # "shapesnet" or a path
"""
WORK = (
    "featviz_helpers.runner.course.run",
    "featviz_helpers.exemplars.scan.find_exemplars",
    "featviz_helpers.batch.sweep.sweep",
    "featviz_helpers.assets.fetch.fetch",
    "featviz_helpers.classroom.gradebook.grade_all",
    "featviz_helpers.classroom.course.new",
)
NEVER = one_of()
CALLED = {
    "--data": "folder|images",
    "--methods": "method",
    "--size": "size|images of",
    "--count": "count|images",
    "--out": "out|write to",
    "--cluster": "cluster|null",
    "--course": "course|assignment",
}
NO_PATHS = ("0.5", "!!python/name:os", "~nobody/x", "/dev/null")  # they look like paths, and nothing is there
ANY = (int, float, str, bool, list, dict, date, type(None))


def names_a_folder(word):
    """Whether a folder may be called so, on any usual disk; what is no text cannot be written down."""
    parts = word.encode(errors="replace").split(b"/")
    return word not in ("", "/dev/null", "\udcff") and "\0" not in word and max(map(len, parts)) < 256


def is_output(word):
    """The same, where URLs of fsspec are taken as well; for http there is no writing."""
    return names_a_folder(word) and not word.startswith("http:")


def is_text(word):
    return "\udcff" not in word


def parses_as(*kinds):
    """Whether YAML 1.2 reads a word as one of these; what it takes for text is no number."""
    from featviz_helpers.runner.yaml_numbers import read_yaml

    def fits(word):
        try:
            word.encode()
            value = read_yaml(word)
        except Exception:
            return False
        infinite = isinstance(value, float) and not math.isfinite(value)
        return type(value) in kinds and not (infinite and str not in kinds)

    return fits


def lines(folder):
    """Return name -> line."""
    book = str(write_notebook(folder, "99_odd", "print(1)", knobs=KNOBS))
    photo = str(
        save_image(pictures(1, 40)[0], folder / "photos" / "a.png") if (folder / "photos").mkdir() is None else ""
    )
    out = str(folder / "out")
    plan = folder / "plan.yaml"
    plan.write_text(f"notebook: {book}\ngrid: {{STEPS: [1, 2]}}\noutput: {out}\n")
    sweep = ["sweep", str(plan)]
    tls = ["--scheduler", "tls://127.0.0.1:1", "--tls-cert", photo, "--tls-key", photo]
    scan = ["exemplars", "mixed0", "--model", "shapesnet", "--data", "shapes", "--count", "16", "--out", out]
    atlas = ["atlas", "mixed0", "--model", "shapesnet", "--data", "shapes", "--count", "16", "--out", out]
    (folder / "hand_ins" / "ada").mkdir(parents=True)
    grade = ["class", "grade", str(folder / "hand_ins"), "--assignment", "dreams", "--out", out]
    study = [
        "study",
        "--count",
        "64",
        "--background",
        "4",
        "--size",
        "64",
        "--steps",
        "3",
        "--channels",
        "1 2",
        "--out",
        out,
    ]

    def option(base, name, fits):
        return Line([*base, f"{name}={{}}"], fits, f"{name}|{CALLED.get(name, name.strip('-').replace('-', '.'))}")

    def parameter(name, fits):
        return Line(["run", book, "-p", name, "{}"], fits, name)

    listed = {
        "run NOTEBOOK": Line(["run", "{}"], one_of("0", "1", "010"), "notebook"),
        "run -p NAME": Line(["run", book, "-p", "{}", "1"], NEVER, "parameter"),
        "run --jobs": option(["run", book], "--jobs", whole(1, 256)),
        "run --out": option(["run", book], "--out", names_a_folder),
        "run --profile": option(["run", book], "--profile", one_of("/dev/null")),
        "run --assets": option(["run", book], "--assets", lambda word: word == "../.."),
        "-p STEPS": parameter("STEPS", parses_as(int)),
        "-p RATE": parameter("RATE", lambda word: parses_as(int, float)(word) and len(word) < 20),
        "-p ON": parameter("ON", parses_as(bool)),
        "-p CHANNELS": parameter("CHANNELS", one_of("[1, 2]")),
        "-p WEIGHTS": parameter("WEIGHTS", one_of("[1, 2]")),
        "-p WORD": parameter("WORD", is_text),
        "-p EITHER": parameter("EITHER", lambda word: is_text(word) and (word.isprintable() or parses_as(*ANY)(word))),
        "-p TABLE": parameter("TABLE", one_of("{a: 1}")),
        "-p MODEL": parameter("MODEL", lambda word: is_text(word) and word not in NO_PATHS),
        "atlas LAYER": Line([*atlas[:1], "{}", *atlas[2:]], NEVER, "layer"),
        "atlas --data": option(atlas, "--data", NEVER),
        "atlas --k": option(atlas, "--k", whole(1, 16)),
        "atlas --size": option(atlas, "--size", whole(32, 512)),
        "atlas --steps": option(atlas, "--steps", whole(1, 100_000)),
        "atlas --seeds": option(atlas, "--seeds", whole(1, 8)),
        "atlas --out": option(atlas[:-2], "--out", names_a_folder),
        "class new DIR": Line(["class", "new", "--", "{}"], names_a_folder, "dir|file|folder"),
        "class check NAME": Line(["class", "check", "{}"], NEVER, "name|one of"),
        "class check --course": option(["class", "check"], "--course", NEVER),
        "class release --course": option(["class", "release"], "--course", NEVER),
        "class grade DIR": Line([*grade[:2], "{}", *grade[3:]], lambda word: word == "../..", "submissions|folder"),
        "class grade --assignment": option([*grade[:3], *grade[5:]], "--assignment", NEVER),
        "class grade --roster": option(grade, "--roster", one_of("/dev/null")),
        "class grade --sandbox": option(grade, "--sandbox", NEVER),
        "class grade --seconds": option(grade, "--seconds", whole(1, 86_400)),
        "class grade --gradescope": option(grade, "--gradescope", NEVER),
        "class grade --out": option(grade[:-2], "--out", names_a_folder),
        "exemplars LAYER": Line([*scan[:1], "{}", *scan[2:]], NEVER, "layer"),
        "exemplars --model": option(scan, "--model", NEVER),
        "exemplars --data": option(scan, "--data", NEVER),
        "exemplars --count": option(scan, "--count", whole(9, 1_000_000)),
        "exemplars --k": option(scan, "--k", whole(1, 16)),
        "exemplars --size": option(scan, "--size", whole(3, 16_384)),
        "exemplars --batch": option(scan, "--batch", whole(1, 4096)),
        "exemplars --policy": option(scan, "--policy", one_of("crop", "squash")),
        "exemplars --weights": option(scan, "--weights", NEVER),
        "exemplars --out": option(scan[:-2], "--out", names_a_folder),
        "study --weights": option(study, "--weights", NEVER),
        "study --out": option(study[:-2], "--out", names_a_folder),
        "sweep PLAN": Line(["sweep", "{}"], NEVER, "plan|null"),
        "sweep --out": option(sweep, "--out", is_output),
        "sweep --workers": option(sweep, "--workers", whole(1, 1024)),
        "sweep --limit": option(sweep, "--limit", whole(1, 10**9)),
        "sweep --scheduler": option(sweep, "--scheduler", lambda word: bool(word.strip())),
        "sweep --cluster": option(sweep, "--cluster", NEVER),
        "sweep --tls-ca": option([*sweep, *tls], "--tls-ca", one_of("/dev/null")),
        **{
            f"study {name}": option(study, name, fits)
            for name, fits in {
                "--model": NEVER, "--data": NEVER, "--net": NEVER, "--layer": NEVER,
                "--channels": one_of("1", "0", "010", " 1"),
                "--background": whole(2, 100_000), "--methods": NEVER, "--seeds": whole(1, 1000),
                "--trial-seeds": whole(1, 1000), "--trial-values": whole(1, 1000), "--steps": whole(1, 1_000_000),
                "--size": whole(32, 16_384), "--k": whole(2, 64), "--precision": NEVER, "--batch": whole(1, 100_000),
            }.items()
        },
        "distance A": Line(["distance", "{}", photo, "--net", "pixels"], NEVER, "a.png|image|file"),
        "distance --net": option(["distance", photo, photo], "--net", NEVER),
        "fetch NAME": Line(["fetch", "{}"], NEVER, "asset|name"),
        "fetch --to": option(["fetch", "lite0"], "--to", names_a_folder),
        "results --to": option(["results", out], "--to", NEVER),
        "doctor --assets": option(["doctor"], "--assets", lambda word: word == "../.."),
        "results DIR": Line(["results", "{}"], NEVER, "results|folder|dir|sweep"),
    }  # fmt: skip
    return listed


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("odd")


@pytest.mark.slow
def test_every_odd_word_is_refused_in_one_line_or_taken_for_what_it_is(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("FEATVIZ_KEEP_MODELS", "1")
    wrong = {}
    for number, (name, line) in enumerate(lines(folder).items()):
        # A folder of its own: what one command makes, another would find there.
        place = tmp_path / str(number) / "deep" / "er"
        place.mkdir(parents=True)
        monkeypatch.chdir(place)
        with without(WORK):
            found = {word: outcome(line, word) for word in WORDS}
        wrong |= {f"{name} {word[:30]!r}": said for word, said in found.items() if said not in ("clear", "right")}
    assert not wrong, "\n".join(f"{call}: {found}" for call, found in wrong.items())
