"""The report of `peers.py` as tables: medians of every round's timings, and ratios paired by round."""

import statistics
from collections.abc import Mapping, Sequence

OURS = "featviz_helpers"
KINDS = {"plain": "without transforms", "transforms": "with transforms"}
EQUAL = (
    "weights, channels, size and number of steps; pixels as what is moved; Adam with step 0.05; float32 on the CPU; "
    "no regularisers; no XLA of the network; cores; the network is cut at the layer and sees images of the same size"
)


def summary(calls: Sequence[float], one_step: Sequence[float], ours: Sequence[float], setting: Mapping) -> dict:
    """Condense the rounds of one library into medians.

    Args:
        calls: seconds of each round's call.
        one_step: seconds of each round's call of one step; may be empty.
        ours: seconds of this library's calls in the same rounds.
        setting: with `images` and `steps` (at least 2).

    Returns:
        ms: per image and step, all of the call; least_ms: the same of the fastest round; ratio: to ours, paired by
        round; loop_ms: per image and step, of the steps after the first; call_s: what a call costs beyond its steps.
        The last two are None without one_step.
    """
    images, steps = setting["images"], setting["steps"]
    ratios = [one / other for one, other in zip(calls, ours, strict=True)]
    middle, least = (1000.0 * seconds / (images * steps) for seconds in (statistics.median(calls), min(calls)))
    line = {"ms": middle, "least_ms": least, "ratio": statistics.median(ratios)}
    if not one_step:
        return line | {"loop_ms": None, "call_s": None}
    step_s = [(whole - one) / (steps - 1) for whole, one in zip(calls, one_step, strict=True)]
    rest_s = [one - step for one, step in zip(one_step, step_s, strict=True)]
    return line | {"loop_ms": 1000.0 * statistics.median(step_s) / images, "call_s": statistics.median(rest_s)}


def number(value: float | None, digits: int) -> str:
    """Return a number for a table; a missing one is a dash."""
    return "–" if value is None else f"{value:.{digits}f}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose first column is text and whose others are numbers, in line for the eye as well."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return "| " + " | ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]) + " |"

    rule = ["-" * width if column == 0 else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join(line(cells) for cells in [head, rule, *rows])


def loop_table(report: Mapping, kind: str) -> str:
    """Return the table of one kind: `plain`, with the bare network on top, or `transforms`."""
    setting, libraries = report["setting"], report["libraries"]
    ours = libraries[OURS][kind]["calls_s"]
    head = ("", "ms/image/step", "fastest", "to ours", "in the loop", "a call adds, s", "first call, s", "activation")
    rows = []
    for name, times in report["bare"].items() if kind == "plain" else ():
        line = summary(times, [], ours, setting)
        cells = (number(line["ms"], 1), number(line["least_ms"], 1), number(line["ratio"], 2))
        rows.append((f"bare network, {name}", *cells, "", "", "", ""))
    for name, entry in libraries.items():
        if entry["refused"]:
            rows.append((name, "not timed", *[""] * 6))
            continue
        part = entry[kind]
        line = summary(part["calls_s"], part["one_step_s"], ours, setting)
        digits = {"ms": 1, "least_ms": 1, "ratio": 2, "loop_ms": 1, "call_s": 2}
        rose = f"{part['before']:.2f} → {part['after']:.2f}"
        rows.append((name, *(number(line[key], n) for key, n in digits.items()), number(part["first_s"], 1), rose))
    return markdown(head, rows)


def row_table(report: Mapping) -> str:
    """Return the table of one call per channel, and of all channels in one call."""
    libraries = report["libraries"]
    ours = sum(libraries[OURS]["row_s"])
    head = ("", "one call each, s", "to ours", "median call, s", "all in one call, s")
    rows = []
    for name, entry in libraries.items():
        if entry["refused"]:
            rows.append((name, "not timed", "", "", ""))
            continue
        total, middle = sum(entry["row_s"]), statistics.median(entry["row_s"])
        rows.append((name, *map(number, (total, total / ours, middle, entry["together_s"]), (1, 2, 2, 1))))
    return markdown(head, rows)


def text(report: Mapping) -> str:
    """Return the whole report for people."""
    setting, libraries = report["setting"], report["libraries"]
    what = f"{setting['images']} images of {setting['size_px']} px, {setting['steps']} steps, {setting['cores']} cores"
    parts = [f"InceptionV3 up to mixed6, {what}, median of {setting['rounds']} rounds"]
    parts.append(f"Load of the machine before it began: {setting['load']}; what others run makes all numbers larger.")
    parts += [f"{KINDS[kind].capitalize()}\n\n{loop_table(report, kind)}" for kind in KINDS]
    if "traces_in_a_row" in report:
        title = f"{setting['channels_in_a_row']} channels, {setting['row_steps']} steps each, without transforms"
        traces = f"(traces of {OURS} in all its single calls together: {report['traces_in_a_row']})"
        parts.append(f"{title} {traces}\n\n{row_table(report)}")
    parts.append(f"Equal: {EQUAL}.")
    for name, entry in libraries.items():
        versions = ", ".join(f"{package} {version}" for package, version in entry["versions"].items())
        lines = [f"{name}: {versions}, Python {entry['python']}"]
        lines.append(f"  answers: differ from Keras's by {entry['apart']:.1g} of the largest activation")
        lines += [f"  {aspect}: {words}" for aspect, words in entry["differences"].items()]
        lines += [f"  NOT TIMED: {entry['refused']}"] if entry["refused"] else []
        parts.append("\n".join(lines))
    return "\n\n".join(parts)
