"""One GPU per worker process."""

import getpass

from featviz_helpers.batch.gpus import GpuClaim


def test_each_worker_takes_a_gpu_of_those_it_was_given(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    claims = [GpuClaim() for _ in range(3)]
    assert [claim.environment()["CUDA_VISIBLE_DEVICES"] for claim in claims[:2]] == ["4", "7"]
    assert claims[2].environment()["CUDA_VISIBLE_DEVICES"] in ("4", "7"), "with too few GPUs they are shared"
    for visible in ("2", ""):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert GpuClaim().environment() == {}, "what a batch system handed out is left alone"


def test_locks_lie_in_a_folder_of_the_user_alone(monkeypatch, tmp_path):
    """In /tmp anybody can put a link where the lock will be, and have its target emptied."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / f"featviz-{getpass.getuser()}-gpu-4.lock").symlink_to(victim)
    monkeypatch.setattr("tempfile.tempdir", str(shared))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    claim = GpuClaim()
    assert claim.environment() == {"CUDA_VISIBLE_DEVICES": "4"}
    assert victim.read_text() == "mine"
    (folder,) = tmp_path.rglob("locks")
    assert folder.stat().st_mode & 0o077 == 0 and list(folder.iterdir())
