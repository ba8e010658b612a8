"""A folder of hand-ins: whose they are, what they earn, copies, links, going on, and a table for a platform."""

import json
import os
import shutil
import unicodedata

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from featviz_helpers.classroom import evaluation, gradebook
from featviz_helpers.classroom.given import given
from featviz_helpers.classroom.submissions import Record, _print, find_places, grade_place, read_roster
from featviz_helpers.classroom.variants import NOBODY, Variant
from featviz_helpers.cli.main import main


def ceiling(student):
    """The right answer to one question, worth 15 points."""
    pairs = given(Variant("evaluation", student))["pairs"]
    return {"natural_ceiling": pairs.sum(axis=(1, 2)) / 72}


def graded(folder, **options):
    return {place.name: grade_place(place, "evaluation", **options) for place in find_places(folder, "evaluation")}


def test_folders_and_files_of_every_shape_are_found(hand_in, tmp_path):
    folder = hand_in("ada", ceiling("ada"))
    hand_in("bob", ceiling("bob"), folder="bob/evaluation")  # nbgrader
    hand_in("bob", {}, folder="bob/dreams", assignment="dreams")
    (folder / "ada" / "answers.npz").rename(folder / "carl_answers.npz")
    (folder / "dora").mkdir()
    (folder / "emil.ipynb").write_text("{}")
    (folder / "list.csv").write_text("")
    found = {place.student: place for place in find_places(folder, "evaluation")}
    assert found.keys() == {"ada", "bob", "carl", "dora", "emil"}
    assert found["bob"].answers.parent.name == "evaluation"
    marks = {place.student: grade_place(place, "evaluation") for place in found.values()}
    assert marks["bob"].total == 15.0
    assert "those of 'ada', handed in by 'carl'" in marks["carl"].note and marks["carl"].total == 0.0
    assert marks["dora"].note == "no file of answers and no notebook"
    assert marks["emil"].note == "a notebook without answers.npz; --sandbox runs it"


def test_files_as_platforms_and_browsers_call_them_are_found(hand_in, tmp_path):
    folder = hand_in("ada", ceiling("ada"))
    (folder / "ada" / "answers.npz").rename(folder / "lovelaceada_4711_88123_answers-1.npz")
    (folder / "lovelaceada_4711_88124_evaluation.ipynb").write_text("{}")
    hand_in("bob", ceiling("bob"))
    (folder / "bob" / "answers.npz").rename(folder / "bob" / "answers (1).npz")
    hand_in("carl", ceiling("carl"))
    hand_in("eve", {}, folder="carl")
    (folder / "carl" / "answers.npz").rename(folder / "carl" / "answers_before_1.npz")
    hand_in("carl", ceiling("carl"))
    (folder / "ada").rmdir()
    (folder / "dora").mkdir()
    (folder / "dora" / "all.zip").write_bytes(b"PK")
    (folder / "emil.npz").write_bytes((folder / "bob" / "answers (1).npz").read_bytes())
    (folder / "emil.ipynb").write_text("{}")
    places = {place.name: place for place in find_places(folder, "evaluation", {"lovelaceada_4711": "ada"})}
    assert places.keys() == {"bob", "carl", "dora", "emil", "lovelaceada_4711"}
    marks = {name: grade_place(place, "evaluation") for name, place in places.items()}
    assert {name for name, mark in marks.items() if mark.total == 15.0} == {"bob", "carl", "lovelaceada_4711"}
    assert places["lovelaceada_4711"].notebook.name.endswith("_evaluation.ipynb")
    assert marks["carl"].note == "answers.npz is read, and not answers_before_1.npz"
    assert marks["dora"].note == "no file of answers and no notebook; what is there: all.zip"
    assert places["emil"].answers.name == "emil.npz" and places["emil"].notebook.name == "emil.ipynb"


def test_a_notebook_without_an_id_is_named_so(hand_in):
    folder = hand_in("ada", ceiling("ada"), claims=NOBODY)
    assert "no id was written into the notebook" in graded(folder)["ada"].note


def test_points_that_were_typed_stay_and_count(hand_in, tmp_path):
    folder = hand_in("ada", {**ceiling("ada"), "words": "Grey first.\nThen others."})
    hand_in("bob", ceiling("bob"))
    words = ["class", "grade", str(folder), "--assignment", "evaluation", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(main, words)
    assert "1 texts to be graded by hand" in done.output
    said = (tmp_path / "out" / "evaluation_words.txt").read_text()
    assert "=== ada | ada | 4 words\nGrey first.\nThen others.\n" in said and "bob | 0 words\n(nothing)" in said
    table = pd.read_csv(path := tmp_path / "out" / "evaluation.csv", dtype=str, keep_default_na=False)
    for separator, typed in ((",", "7.5"), (";", "7,5")):  # the second as a German spreadsheet saves it
        table["words"] = [typed, ""]
        table.to_csv(path, index=False, sep=separator)
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0 and "0 texts to be graded by hand" in done.output, done.output
        totals = pd.read_csv(path).set_index("student")["total"]
        assert dict(totals) == {"ada": 22.5, "bob": 15.0}
        feedback = pd.read_csv(path)["feedback"]
        assert feedback[0].endswith("trusted?: 7.5 of 10") and feedback[1].endswith("trusted?: not handed in")
    for typed in ("11", "good", "-1"):
        table["words"] = [typed, ""]
        table.to_csv(path, index=False)
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 2 and "words of 'ada'" in done.output and "0 to 10 points" in done.output
        assert pd.read_csv(path, dtype=str)["words"][0] == typed, "nothing was written over it"


def test_ids_that_the_platform_does_not_know_become_a_roster(hand_in, tmp_path):
    folder = hand_in("ada", ceiling("ada"), folder="Ada Lovelace_123_assignsubmission_file")
    hand_in("bob", ceiling("bob"), folder="Bob_124_assignsubmission_file")
    hand_in("ada", ceiling("ada"), folder="Carl_125_assignsubmission_file")
    words = ["class", "grade", str(folder), "--assignment", "evaluation", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(main, words)
    assert "3 of them name another student than their folder does" in done.output
    draft = tmp_path / "out" / "evaluation_roster.csv"
    done = CliRunner().invoke(main, [*words, "--roster", str(draft)])
    assert done.exit_code == 0 and "name another" not in done.output
    rows = pd.read_csv(tmp_path / "out" / "evaluation.csv").set_index("folder")
    assert list(rows["student"]) == ["ada", "bob", "ada"] and set(rows["total"]) == {15.0}
    assert rows["note"].iloc[0] == "the same student as Carl_125_assignsubmission_file"
    assert pd.isna(rows["note"].iloc[1])


def test_a_neighbours_answers_earn_nothing_under_either_name(hand_in):
    hand_in("ada", ceiling("ada"))
    hand_in("bob", ceiling("ada"), claims="ada")
    folder = hand_in("carl", ceiling("ada"))
    records = graded(folder)
    assert [records[name].total for name in ("ada", "bob", "carl")] == [15.0, 0.0, 0.0]
    other = hand_in("dora", {}, assignment="dreams")
    assert "assignment 'dreams'" in graded(other)["dora"].note


def test_links_are_named_and_never_followed(hand_in, tmp_path):
    folder = hand_in("ada", ceiling("ada"))
    (folder / "bob").mkdir()
    (folder / "bob" / "answers.npz").symlink_to(folder / "ada" / "answers.npz")
    (folder / "carl").symlink_to(folder / "ada")
    records = graded(folder)
    assert records["bob"].total == records["carl"].total == 0.0
    assert "answers.npz: links are not followed" in records["bob"].note
    assert "carl: links are not followed" in records["carl"].note


def test_the_same_text_is_noted_on_both(hand_in):
    hand_in("ada", {"words": "The grain is gone."})
    hand_in("bob", {"words": "The grain is gone."})
    folder = hand_in("carl", {"words": "It is still there."})
    records = {record.student: record for record in gradebook.with_copies(list(graded(folder).values()))}
    assert records["ada"].note == "the same words as bob" and records["bob"].note == "the same words as ada"
    assert records["carl"].note == ""


def test_it_goes_on_where_it_was_stopped_and_grades_again_what_changed(hand_in, tmp_path):
    hand_in("ada", ceiling("ada"))
    folder, done = hand_in("bob", {}), []

    def grade(place):
        done.append(place.student)
        return grade_place(place, "evaluation")

    def run(settings=""):
        done.clear()
        places = find_places(folder, "evaluation")
        return gradebook.grade_all(places, tmp_path / "records", grade, settings, progress=False)

    first = run()
    assert done == ["ada", "bob"] and [record.total for record in first] == [15.0, 0.0]
    assert [record.total for record in run()] == [15.0, 0.0] and done == []
    hand_in("bob", ceiling("bob"))
    assert [record.total for record in run()] == [15.0, 15.0] and done == ["bob"]
    run("another sandbox")
    assert done == ["ada", "bob"]
    next((tmp_path / "records").iterdir()).write_text("{")
    run("another sandbox")
    assert len(done) == 1


def test_no_cell_of_the_table_is_a_formula(tmp_path):
    record = Record("=cmd()", "-1+2", {"holm": (0.0, "not handed in")}, note="@x")
    gradebook.write_csv(tmp_path / "marks.csv", gradebook.table([record], "evaluation"))
    row = pd.read_csv(tmp_path / "marks.csv").iloc[0]
    assert (row["student"], row["folder"], row["note"]) == ("'=cmd()", "'-1+2", "'@x")


def test_the_command_writes_a_table_and_takes_a_roster(hand_in, tmp_path):
    folder = hand_in("ada", ceiling("ada"), folder="Lovelace_123")
    roster = tmp_path / "roster.csv"
    roster.write_text("folder,student\nLovelace_123,ADA\n")
    words = ["class", "grade", str(folder), "--assignment", "evaluation", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(main, [*words, "--roster", str(roster)])
    assert done.exit_code == 0, done.output
    assert "1 hand-ins, mean 15.0 points, 0 with a note, 0 contained" in done.output
    (row,) = pd.read_csv(tmp_path / "out" / "evaluation.csv").to_dict("records")
    assert (row["student"], row["folder"], row["total"], row["natural_ceiling"]) == ("ada", "Lovelace_123", 15.0, 15.0)
    assert np.isnan(row["words"]) and "15 of 15, right" in row["feedback"]


@pytest.mark.parametrize(
    ("rows", "says"), [("name,id\na,b\n", "columns folder and student"), ("folder,student\na,b\na,c\n", "once")]
)
def test_an_odd_roster_is_refused(tmp_path, rows, says):
    (path := tmp_path / "roster.csv").write_text(rows)
    with pytest.raises(ValueError, match=says):
        read_roster(path)


@pytest.mark.slow
def test_a_notebook_is_run_in_the_sandbox_and_its_answers_count(hand_in, tmp_path, notebook):
    pytest.importorskip("IPython")
    code = (
        "from featviz_helpers.classroom.sheet import Sheet\n"
        "sheet = Sheet('evaluation', 'ada')\n"
        "sheet.hand_in('natural_ceiling', sheet.given['pairs'].sum(axis=(1, 2)) / 72)"
    )
    folder = tmp_path / "submitted"
    (folder / "ada").mkdir(parents=True)
    notebook(code).rename(folder / "ada" / "work.ipynb")
    record = graded(folder, sandbox="bwrap")["ada"]
    assert record.total == 15.0 and record.note == "run from its notebook" and record.contained == ""


def test_records_are_plain_tables(hand_in):
    record = graded(hand_in("ada", ceiling("ada")))["ada"]
    assert Record(**json.loads(json.dumps(record.as_dict()))).total == record.total == 15.0
    assert evaluation.QUESTIONS[2].grade(None, Variant("evaluation", "ada")) == (0.0, "not handed in")


def test_points_that_would_be_lost_are_refused(tmp_path):
    """A spreadsheet makes 7 of the folder 007, and what was typed for it was written over without a word."""
    hand_ins, grades = tmp_path / "in", tmp_path / "grades"
    (hand_ins / "007").mkdir(parents=True)
    words = ["class", "grade", str(hand_ins), "--assignment", "dreams", "--out", str(grades)]
    assert CliRunner().invoke(main, words).exit_code == 0
    typed = pd.read_csv(grades / "dreams.csv", dtype=str).assign(folder="7", words="8")
    typed.to_csv(grades / "dreams.csv", index=False)
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2 and "has points for the folder '7', which is not among the hand-ins" in done.output
    assert pd.read_csv(grades / "dreams.csv", dtype=str).loc[0, "words"] == "8"


def test_a_file_that_is_nobodys_hand_in_is_named(tmp_path):
    (tmp_path / "in" / "ada").mkdir(parents=True)
    for name in ("grace.zip", "joan.NPZ"):
        (tmp_path / "in" / name).write_bytes(b"PK")
    words = ["class", "grade", str(tmp_path / "in"), "--assignment", "dreams", "--out", str(tmp_path / "grades")]
    said = CliRunner().invoke(main, words).output
    assert "not looked at: grace.zip" in said and "not looked at: joan.NPZ" in said


def test_an_accent_is_the_same_in_one_character_or_two(hand_in, tmp_path):
    folder = hand_in("josé", ceiling("josé"), folder=unicodedata.normalize("NFD", "José"))
    hand_in("zoë", ceiling("zoë"), folder=unicodedata.normalize("NFD", "Zoë_101_file"))
    (place, other) = find_places(folder, "evaluation", {"Zoë_101_file": "zoë"})
    assert [grade_place(one, "evaluation").total for one in (place, other)] == [15.0, 15.0]


def test_a_folder_whose_name_is_no_text_is_graded(hand_in, tmp_path):
    folder = hand_in("ada", ceiling("ada"))
    os.rename(os.fsencode(folder / "ada"), os.fsencode(folder) + b"/Jos\xe9")  # as an old zip unpacks
    roster = {r"Jos\udce9": "ada"}
    (record,) = gradebook.grade_all(
        find_places(folder, "evaluation", roster), tmp_path / "r", lambda place: grade_place(place, "evaluation"), ""
    )
    gradebook.write_csv(tmp_path / "marks.csv", gradebook.table([record], "evaluation"))
    assert record.total == 15.0 and record.name == r"Jos\udce9"


def test_half_of_a_character_in_a_text_stops_nobody(hand_in):
    folder = hand_in("ada", {"holm": np.zeros((5, 6))})
    (folder / "ada" / "answers.npz").unlink()
    content = {"assignment": "evaluation", "student": "ada", "answers": {"words": "x\ud800"}}
    (folder / "ada" / "answers.json").write_text(json.dumps(content))
    assert graded(folder)["ada"].text == "x\ud800"


@pytest.mark.parametrize("student", ["@ada", "-ada", "=ada"])
def test_a_draft_of_a_roster_is_read_as_it_was_meant(hand_in, tmp_path, student):
    folder = hand_in(student, ceiling(student), folder="+Ada Lovelace_101_file")
    assert gradebook.write_claims(tmp_path / "roster.csv", list(graded(folder).values())) == 1
    (place,) = find_places(folder, "evaluation", read_roster(tmp_path / "roster.csv"))
    assert grade_place(place, "evaluation").total == 15.0


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("folder;student\nMüller_1;müller\n;\n", "utf-8"), ("folder,student\nMüller_1,müller\n", "cp1252")],
)
def test_a_roster_is_read_as_spreadsheets_save_it(tmp_path, text, encoding):
    (tmp_path / "roster.csv").write_bytes(text.encode(encoding))
    assert read_roster(tmp_path / "roster.csv") == {"Müller_1": "müller"}


def test_a_second_file_of_answers_that_comes_later_is_noted(hand_in, tmp_path):
    def note():
        places = find_places(folder, "evaluation")
        return gradebook.grade_all(places, tmp_path / "r", lambda place: grade_place(place, "evaluation"), "")[0].note

    folder = hand_in("ada", ceiling("ada"))
    assert note() == ""
    shutil.copy(folder / "ada" / "answers.npz", folder / "ada" / "answers (1).npz")
    assert note() == "answers.npz is read, and not answers (1).npz"


def test_other_keys_grade_again(hand_in, tmp_path, monkeypatch):
    folder, seen = hand_in("ada", ceiling("ada")), []
    for content in ("{}", "{ }"):
        (tmp_path / "keys.json").write_text(content)
        monkeypatch.setattr(gradebook, "FILE", tmp_path / "keys.json")
        gradebook.grade_all(
            find_places(folder, "evaluation"),
            tmp_path / "r",
            lambda place: seen.append(place.name) or grade_place(place, "evaluation"),
            "",
        )
    assert seen == ["ada", "ada"]


def test_canvas_files_with_numbers_in_their_own_names_stay_together(hand_in):
    folder = hand_in("ada", ceiling("ada"))
    (folder / "ada" / "answers.npz").rename(folder / "lovelaceada_4711_88123_101_answers.npz")
    (folder / "lovelaceada_4711_88124_evaluation.ipynb").write_text("{}")
    (folder / "ada").rmdir()
    (place,) = find_places(folder, "evaluation")
    assert place.name == "lovelaceada_4711" and place.answers is not None and place.notebook is not None


def test_two_folders_of_one_student_are_noted_whatever_their_letters(hand_in):
    hand_in("Ada", {"holm": np.zeros((5, 6))})
    folder = hand_in("ada", {"holm": np.ones((5, 6))})
    notes = {record.name: record.note for record in gradebook.with_copies(list(graded(folder).values()))}
    assert notes == {"Ada": "the same student as ada", "ada": "the same student as Ada"}


def test_no_text_is_no_copy_of_no_text(hand_in):
    hand_in("ada", {"words": ""})
    records = gradebook.with_copies(list(graded(hand_in("bob", {"words": ""})).values()))
    assert [record.note for record in records] == ["", ""]


def test_a_copied_picture_is_noted_in_any_kind_of_number_and_so_is_the_channel():
    def record(name, kind, channel):
        prints = {"picture": _print(np.arange(12).reshape(2, 2, 3).astype(kind))}
        return Record(name, name, prints=prints, channel=channel)

    records = gradebook.with_copies([record("ada", np.uint8, 3), record("bob", float, 4)])
    assert [one.note for one in records] == ["the same picture as bob", "the same picture as ada"]
    honest = gradebook.with_copies([record("ada", np.uint8, 3), record("bob", np.uint8, 3)])
    assert honest[0].note == "the same picture as bob, who has channel 3 too: the same call draws the same"
