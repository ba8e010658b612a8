"""One writer for a folder, on one machine."""

import pytest
from featviz_helpers.common.locks import exclusive


def test_a_folder_has_one_writer_and_another_folder_its_own(tmp_path):
    with exclusive(tmp_path / "a", "study"), exclusive(tmp_path / "b", "study"):
        for same in (tmp_path / "a", tmp_path / "b" / ".." / "a"):
            with pytest.raises(ValueError, match=r"Another study is writing to '.*a'\. Wait"), exclusive(same, "study"):
                raise AssertionError
    with exclusive(tmp_path / "a", "study"):
        pass
    assert list(tmp_path.iterdir()) == [], "the lock lies elsewhere"
