"""What makes two runs the same."""

from featviz_helpers.batch import run_id
from support.notebooks import write_notebook


def test_identity_is_code_and_parameters_and_files_and_nothing_else(tmp_path):
    plain = write_notebook(tmp_path, "98_a", "x = 1").read_text()
    prose = plain.replace("What is a?", "What is b?")
    other = plain.replace("x = 1", "x = 2")
    assert run_id.of_notebook(plain) == run_id.of_notebook(prose) != run_id.of_notebook(other)

    weights = tmp_path / "w.h5"
    weights.write_bytes(b"1")
    given = {"MODEL": str(weights), "STEPS": 4}
    name, made_from = run_id.of_run("n", "c", given)
    assert run_id.of_run("n", "c", dict(reversed(given.items())))[0] == name
    assert run_id.of_run("n", "c", given | {"STEPS": 5})[0] != name
    assert run_id.of_run("m", "c", given)[0] != name
    weights.write_bytes(b"2")
    run_id._of_path.cache_clear()
    assert run_id.of_run("n", "c", given)[0] != name
    assert set(made_from["assets"]) == {"MODEL"}
    moved = weights.rename(tmp_path / "elsewhere.h5")
    name = run_id.of_run("n", "c", given | {"MODEL": str(moved)})[0]
    moved.rename(weights)
    assert run_id.of_run("n", "c", given)[0] == name, "where a file lies does not matter"


def test_files_in_a_list_are_part_of_what_a_run_is(requests_of, tmp_path):
    files = [tmp_path / "a.txt", tmp_path / "b.txt"]
    names = []
    for text in ("one", "two"):
        files[1].write_text(text)
        files[0].write_text("always")
        run_id._of_path.cache_clear()
        (request,) = requests_of(grid=f"{{FILES: [['{files[0]}', '{files[1]}']]}}", knobs="FILES: list[str] = []")
        names.append(request.run)
    assert names[0] != names[1]
