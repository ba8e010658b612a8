"""Files of answers that anybody may have written: read, or refused in a sentence before anything large is made."""

import json
import os
import zipfile

import numpy as np
import pytest
from featviz_helpers.classroom import trials
from featviz_helpers.classroom.reading import MOST_ANSWERS, MOST_BYTES, Unreadable, read_answers
from featviz_helpers.classroom.sheet import Sheet, write_answers
from featviz_helpers.classroom.variants import NOBODY, Variant

ADA = Variant("dreams", "ada")
HEAD = {"assignment": np.array("dreams"), "student": np.array("ada")}


def npy(path, shape, kind="<f8", content=b""):
    """An .npz whose array claims a shape."""
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("picture.npy", b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + content)


def packed_otherwise(path):
    """A damaged array, packed by LZMA, whose error is no ValueError."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as packed:
        packed.writestr("picture.npy", np.random.default_rng(0).bytes(1000))
    content = bytearray(path.read_bytes())
    content[60:400] = bytes(340)
    path.write_bytes(content)


@pytest.mark.parametrize("ending", ["npz", "json"])
def test_what_is_written_is_what_is_read(tmp_path, ending):
    answers = {"sizes": np.arange(6).reshape(2, 3), "slopes": np.array([0.5, -1.0]), "words": "Ein Würfel, 3 × 3."}
    answers["picture"] = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    write_answers(path := tmp_path / f"answers.{ending}", ADA, answers)
    read = read_answers(path)
    assert (read.assignment, read.student, read.answers.keys()) == ("dreams", "ada", answers.keys())
    assert all(np.array_equal(read.answers[name], answers[name]) for name in answers)
    assert read.answers["picture"].dtype == np.uint8


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (trials.write_pickle, "no objects, which may be programs"),
        (trials.write_bomb, "unpacked it would have 500MB"),
        (lambda path: npy(path, "(100000, 100000)"), "claims 80.0GB, and"),
        (lambda path: npy(path, "(-1, 8)"), "claims"),
        (lambda path: npy(path, "(1,)", "|O"), "no objects"),
        (lambda path: npy(path, "(0, 99999999999999999999)"), "damaged"),
        (lambda path: npy(path, "()", "<U90000000"), "claims"),
        (lambda path: path.write_bytes(b"\x80\x04]."), "damaged"),
        (lambda path: path.write_bytes(b"x" * (MOST_BYTES + 1)), "at most"),
        (lambda path: path.write_bytes(b""), "damaged"),
        (lambda path: np.savez(path, **{f"a{n}": np.zeros(1) for n in range(MOST_ANSWERS + 1)}), "at most 40"),
        (lambda path: np.savez(path, picture=np.zeros(3)), "does not name its assignment"),
        (lambda path: np.savez(path, **HEAD, **{"../../x": np.zeros(3)}), "no name of an answer"),
        (lambda path: np.savez(path, **HEAD, words=np.array(["a", "b"])), "one text"),
        (lambda path: np.savez(path, **HEAD, words=np.array(1j)), "only numbers and text"),
        (lambda path: packed_otherwise(path), "packed in a way that is not read"),
        (lambda path: path.mkdir(), "no file"),
        (lambda path: path.symlink_to(__file__), "is a link"),
        (lambda path: os.mkfifo(path), "no file"),
    ],
)
def test_what_is_hostile_or_damaged_is_refused_in_a_sentence(tmp_path, write, says):
    write(path := tmp_path / "answers.npz")
    with pytest.raises(Unreadable, match=says):
        read_answers(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 100_000, "damaged"),
        ("{}", "no table of answers"),
        ('{"answers": [1]}', "no table of answers"),
        (json.dumps({"assignment": "dreams", "student": "ada", "answers": {"a": [[1], [2, 3]]}}), "damaged"),
        (json.dumps({"assignment": "dreams", "student": "ada", "answers": {"a": {"b": 1}}}), "only numbers and text"),
        (json.dumps({"assignment": "dreams", "student": "ada", "answers": {"a": "x" * 30_000}}), "one text"),
        ('{"assignment": "dreams", "student": ["ada"], "answers": {}}', "does not name"),
        ('{"answers": {"a": ' + "9" * 10_000 + "}}", "damaged"),
    ],
)
def test_json_too(tmp_path, text, says):
    path = tmp_path / "answers.json"
    path.write_text(text)
    with pytest.raises(Unreadable, match=says):
        read_answers(path)


def test_the_sheet_writes_what_it_is_given_and_says_what_it_does(tmp_path, capsys):
    sheet = Sheet("regularisers", "ada", tmp_path / "answers.npz")
    sheet.hand_in("jitter", None)
    assert not sheet.path.exists() and "not answered yet" in capsys.readouterr().out
    sheet.hand_in("jitter", [[1, 2]])
    sheet.hand_in("words", " text ")
    assert read_answers(sheet.path).answers["words"] == "text"
    for odd in (object(), [object()], {"a": 1}, print):
        with pytest.raises(ValueError, match="jitter must be an array of numbers, or text"):
            sheet.hand_in("jitter", odd)
    with pytest.raises(ValueError, match="npz"):
        Sheet("regularisers", "ada", "answers.pkl")


def test_a_sheet_goes_on_after_the_kernel_was_started_anew(tmp_path, capsys):
    path = tmp_path / "answers.npz"
    Sheet("regularisers", "ada", path).hand_in("jitter", [[1, 2]])
    again = Sheet("regularisers", " ADA", path)
    assert "handed in: jitter" in repr(again)
    again.hand_in("words", "text")
    assert read_answers(path).answers.keys() == {"jitter", "words"}
    for assignment, student in (("dreams", "ada"), ("regularisers", "bob")):
        before = path.read_bytes()
        Sheet(assignment, student, path).hand_in("words", "mine")
        assert read_answers(path).answers.keys() == {"words"}
        assert before in [aside.read_bytes() for aside in tmp_path.glob("answers_before_*.npz")]
    assert "it is now answers_before_2.npz" in capsys.readouterr().out


def test_without_an_id_nothing_is_handed_in(tmp_path, capsys):
    sheet = Sheet("regularisers", NOBODY, tmp_path / "answers.npz")
    assert "Write your id into STUDENT" in capsys.readouterr().out
    sheet.hand_in("jitter", None)
    with pytest.raises(ValueError, match="the student must be you"):
        sheet.hand_in("jitter", [[1, 2]])
    assert not sheet.path.exists()


def test_trying_out_is_on_other_data_and_gives_the_reason(capsys):
    sheet = Sheet("regularisers", "ada")
    assert sheet.try_out("total_variation", lambda given: None) is None
    assert sheet.try_out("jitter", lambda given: given["images"]) is False
    assert "Not yet: nothing has moved." in capsys.readouterr().out
    assert sheet.try_out("jitter", lambda given: sheet.given["images"]) is False, "one's own data are not practice"


def test_what_the_grader_would_not_read_is_not_written(tmp_path):
    sheet = Sheet("dreams", "ada", tmp_path / "answers.npz")
    sheet.hand_in("octave_sizes", np.ones((4, 4)))
    with pytest.raises(ValueError, match=r"words must be a text of at most 20,000 characters; got .* It has 20,001"):
        sheet.hand_in("words", "a" * 20_001)
    for name in ("student", "assignment", "file", "allow_pickle", "x" * 61):
        with pytest.raises(ValueError, match="the question must be the name of a question"):
            sheet.hand_in(name, 1.0)
    assert read_answers(tmp_path / "answers.npz").answers.keys() == {"octave_sizes"}
