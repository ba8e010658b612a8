"""torch's old format is read as torch reads it, and nothing in a file is ever run."""

import functools
import io
import pickle
import struct

import lazy_loader
import numpy as np
import pytest
from featviz_helpers.models.torch_file import MAGIC, PROTOCOL, read_state
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = lazy_loader.load("torch")  # 4 s of every process of tests that does not come here
DTYPES = ["float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]


def saved(path, state):
    torch.save(state, path, _use_new_zipfile_serialization=False)
    return path


def equal(path):
    expected, state = torch.load(path, weights_only=True), read_state(path)
    assert list(state) == list(expected)
    for name, tensor in expected.items():
        array = tensor.numpy()
        assert (state[name].dtype, state[name].shape) == (array.dtype, array.shape)
        assert state[name].tobytes() == array.tobytes()


@given(
    shapes=st.lists(st.lists(st.integers(0, 4), max_size=4), min_size=1, max_size=4),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 100),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_state_dict_equals_torch_s_reading_bit_by_bit(tmp_path, shapes, dtype, seed):
    torch.manual_seed(seed)
    state = {f"layer.{i}": (100 * torch.randn(shape)).to(getattr(torch, dtype)) for i, shape in enumerate(shapes)}
    equal(saved(tmp_path / "state.pth", state))


def test_views_strides_and_shared_storage(tmp_path):
    base = torch.arange(24.0)
    whole = base.reshape(2, 3, 4)
    state = {"turned": whole.permute(2, 0, 1), "part": whole[1, :, 1:3], "end": base[20:], "same": whole}
    equal(saved(tmp_path / "state.pth", state))
    equal(saved(tmp_path / "ordered.pth", torch.nn.BatchNorm2d(3).state_dict()))


class Bomb:
    def __reduce__(self):
        return print, ("it ran",)


def row(*objects, rest=b"", protocol=2):
    """A file of pickles as torch lays them out."""
    head = [MAGIC, PROTOCOL, {"little_endian": True}]
    return b"".join(pickle.dumps(one, protocol=protocol) for one in [*head, *objects]) + rest


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (row(Bomb(), []), "asks for __builtin__.print, which is code"),
        (row({"a": Bomb()}, []), "which is code"),
        (row({"a": 1}, []), "no dictionary of named tensors"),
        (row([], []), "no dictionary of named tensors"),
        (row({}, ["0"]), "list of storages"),
        (row({"a": 1.5}, []), "instruction BINFLOAT"),
        (b"\x80\x02r\xff\xff\xff\xff.", "memory number|damaged"),
        (pickle.dumps(3), "does not begin|instruction FRAME"),
        (b"PK\x03\x04", "zip format"),
        (b"", "damaged"),
        (b"<html>", "damaged"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(tmp_path, capsys, data, says):
    path = tmp_path / "odd.pth"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=says) as error:
        read_state(path)
    assert "odd.pth" in str(error.value) and "it ran" not in capsys.readouterr().out


def test_a_tensor_of_another_size_than_its_numbers_is_refused(tmp_path):
    path = saved(tmp_path / "state.pth", {"a": torch.zeros(4, 4)})
    data = path.read_bytes()
    path.write_bytes(data.replace(b"K\x04K\x04\x86", b"K\x04K\x05\x86"))
    with pytest.raises(ValueError, match="beyond its numbers"):
        read_state(path)
    path.write_bytes(data.replace(struct.pack("<q", 16), struct.pack("<q", 1 << 40)))
    with pytest.raises(ValueError, match="1099511627776 numbers, and 16 were announced"):
        read_state(path)
    path.write_bytes(data[:-3])
    with pytest.raises(ValueError, match="it ends early"):
        read_state(path)


@functools.cache
def small():
    file = io.BytesIO()
    torch.save({"a": torch.arange(6.0), "b": torch.ones(2, 3)}, file, _use_new_zipfile_serialization=False)
    return file.getvalue()


@given(position=st.integers(0, 9999), byte=st.integers(0, 255), cut=st.booleans())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_a_state_dict_or_a_sentence(tmp_path, position, byte, cut):
    data = bytearray(small())
    position %= len(data)
    data[position] = byte
    path = tmp_path / "damaged.pth"
    path.write_bytes(bytes(data[:position]) if cut else bytes(data))
    try:
        state = read_state(path)
    except ValueError:  # one that names the file; any other kind of error fails the test
        return
    assert all(isinstance(array, np.ndarray) for array in state.values())
