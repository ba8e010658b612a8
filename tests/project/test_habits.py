"""Workflows, hooks, issue forms and CONTRIBUTING.md name what there is: commands, scripts, rooms, versions."""

import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

BIN = Path(sys.executable).parent
SET_UP = ".github/actions/set-up/action.yml"
MAKE = re.compile(r"\bmake ([a-z.][\w./]*)")


def read(root, name):
    # YAML 1.1 reads the key `on` as a truth value.
    return yaml.safe_load(re.sub(r"^on:", '"on":', (root / name).read_text(), flags=re.M))


@pytest.fixture(scope="module")
def targets(root):
    """The targets of the Makefile -> their recipes."""
    text = (root / "Makefile").read_text().replace("$(BIN)", ".venv/bin")
    return dict(re.findall(r"^([\w./]+):(?!=).*\n((?:\t.*\n)*)", text, re.M))


@pytest.fixture(scope="module")
def workflows(root):
    return {path.stem: read(root, path) for path in sorted((root / ".github" / "workflows").iterdir())}


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_workflows_run_what_the_makefile_has(root, workflows, targets):
    set_up = [step["run"] for step in read(root, SET_UP)["runs"]["steps"] if "run" in step]
    commands = [step["run"] for workflow in workflows.values() for step in steps(workflow) if "run" in step]
    made = [command for command in commands if not command.startswith("sudo ")]  # but for programs of the system
    wanted = ("atlas", "book", "image", "lint", "nightly", "quick", "reference")
    assert sorted(made) == [f"make {name}" for name in wanted]
    assert {MAKE.fullmatch(command)[1] for command in set_up + made} <= targets.keys()
    assert {"push", "pull_request"} <= workflows["checks"]["on"].keys()
    assert "schedule" in workflows["nightly"]["on"]
    assert workflows["book"]["on"]["push"] == {"tags": ["v*"]}
    assert all(workflow["permissions"] == {"contents": "read"} for workflow in workflows.values())


def test_actions_are_pinned_or_our_own(root, workflows):
    ours = read(root, SET_UP)
    used = [step["uses"] for workflow in workflows.values() for step in steps(workflow) if "uses" in step]
    assert "./.github/actions/set-up" in used
    foreign = [name for name in used if not name.startswith("./")]
    foreign += [step["uses"] for step in ours["runs"]["steps"] if "uses" in step]
    assert [name for name in foreign if not re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", name)] == []


def test_every_supported_python_is_tested(root, workflows):
    supported = tomllib.loads((root / "pyproject.toml").read_text())["project"]["requires-python"]
    first, end = (int(minor) for minor in re.fullmatch(r">=3\.(\d+),<3\.(\d+)", supported).groups())
    matrix = workflows["checks"]["jobs"]["quick"]["strategy"]["matrix"]["python"]
    assert matrix == [f"3.{minor}" for minor in range(first, end)]


def test_hooks_are_the_lint_of_the_makefile(root, targets):
    (repository,) = read(root, ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local", "nothing is downloaded"
    commands = [shlex.split(hook["entry"]) for hook in repository["hooks"]]
    for program, *arguments in commands:
        assert program.startswith(".venv/bin/") and (BIN / Path(program).name).exists(), program
        assert all((root / name).is_file() for name in arguments if name.endswith(".py")), arguments
    lint = [shlex.split(line) for line in (targets["lint"] + targets["types"]).splitlines()]
    checked = {tuple(command[:2]) for command in commands}
    assert checked == {tuple(word for word in line[:2] if word != ".") for line in lint}


def test_make_and_scripts_named_in_the_pages_exist(root, targets):
    manuals = [path.relative_to(root) for path in root.glob("docs/*.md")]
    for page in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", *manuals):
        text = (root / page).read_text()
        commands = " ".join(re.findall(r"```.*?```|`[^`\n]*`", text, re.S))
        named = set(MAKE.findall(commands))
        assert named or page in manuals
        assert named <= targets.keys(), page
        scripts = re.findall(r"\b(?:tools|data_scripts|benchmarks)/[\w/]+\.py\b", text)
        assert [name for name in scripts if not (root / name).is_file()] == []
    package = re.findall(
        r"`((?:ascent|study|models|assets|check)/\w*(?:\.py)?)`", (root / "CONTRIBUTING.md").read_text()
    )
    assert len(package) >= 7
    assert [name for name in package if not (root / "featviz_helpers" / name).exists()] == []


def test_contributing_fits_on_a_screen_and_names_every_room(root):
    text = (root / "CONTRIBUTING.md").read_text()
    assert len(text.splitlines()) <= 60
    named = re.findall(r"^\| `(\w+)` \| [A-Z].+\. \|$", text, re.M)
    rooms = sorted(path.parent.name for path in (root / "featviz_helpers").glob("*/__init__.py"))
    assert sorted(named) == rooms


def test_changelog_has_the_version_and_room_for_the_next(root):
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## \[(.+?)\](.*)$", (root / "CHANGELOG.md").read_text(), re.M)
    assert headings[0] == ("Unreleased", "")
    assert headings[1][0] == version
    assert all(re.fullmatch(r" - \d{4}-\d\d-\d\d", rest) for _, rest in headings[1:])


@pytest.mark.parametrize("name", ["bug", "unclear", "method"])
def test_issue_forms_ask_for_something(root, name):
    form = read(root, f".github/ISSUE_TEMPLATE/{name}.yml")
    assert form.keys() == {"name", "description", "labels", "body"}
    assert any(field.get("validations", {}).get("required") for field in form["body"])
    for field in form["body"]:
        assert field["type"] in {"textarea", "input", "dropdown"}
        assert field["attributes"]["label"]
        assert re.fullmatch(r"\w+", field["id"])
    assert len({field["id"] for field in form["body"]}) == len(form["body"])
