"""Damaged files: one sentence with the file's name, whatever the parser tripped over."""

import contextlib
import json

import numpy as np
import pytest
from featviz_helpers.common.errors import damage_named
from featviz_helpers.exemplars.ranking import Ranking
from featviz_helpers.models.filters import filters_from_file
from featviz_helpers.study.parts import Part, PartFiles

PART = Part("study", "none", (), (), ())
HEADER = b"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999,), }"


def test_trouble_of_the_machine_is_no_damage():
    with pytest.raises(OSError, match="Too many open files"), damage_named("a"):
        raise OSError(24, "Too many open files")


@pytest.mark.parametrize("content", [b"", b"garbage", b"PAR1garbage", b"PK\x03\x04garbage"])
def test_a_damaged_part_of_a_study_is_named(tmp_path, content):
    parts = PartFiles(tmp_path)
    for name in ("study-none.parquet", "study-none.npz"):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=r"study-none.parquet' is damaged \("):
        parts.read(PART.name, print)
    with pytest.raises(ValueError, match=r"study-none.npz' is damaged \(") as refusal:
        parts.pictures(PART)
    assert "pickle" not in str(refusal.value)


@pytest.mark.parametrize("about", [{"request": {}}, {"count": 0, "next": 0, "seconds": 0, "damaged": {}}, [1]])
def test_a_state_that_lacks_something_is_named(tmp_path, about):
    Ranking(4, 2).save(tmp_path / "whole.npz", {"k": 2})
    with np.load(tmp_path / "whole.npz") as file:
        arrays = {name: file[name] for name in file.files if name != "about"}
    np.savez(tmp_path / "odd.npz", about=json.dumps(about), **arrays)
    with pytest.raises(ValueError, match=r"odd.npz' is not the state of a scan \(.+\). Delete it"):
        Ranking.load(tmp_path / "odd.npz")


def test_every_flipped_bit_of_a_weights_file_is_damage_or_harmless(tmp_path):
    np.savez(tmp_path / "whole.npz", w=np.zeros((4, 3, 3, 3), np.float32))
    whole = (tmp_path / "whole.npz").read_bytes()
    for position in [*range(60), *range(len(whole) - 120, len(whole))]:
        for bit in (0, 3, 7):
            content = bytearray(whole)
            content[position] ^= 1 << bit
            (tmp_path / "odd.npz").write_bytes(content)
            with contextlib.suppress(ValueError):
                filters_from_file(tmp_path / "odd.npz")


def test_a_size_that_no_memory_holds_is_damage(tmp_path):
    header = HEADER + b" " * (64 - (11 + len(HEADER)) % 64) + b"\n"
    (tmp_path / "vast.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(ValueError, match=r"vast.npy' holds no arrays that can be read"):
        filters_from_file(tmp_path / "vast.npy")
