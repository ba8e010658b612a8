"""One GPU per worker process."""

from featviz_helpers.batch.gpus import GpuClaim


def test_each_worker_takes_a_gpu_of_those_it_was_given(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    claims = [GpuClaim() for _ in range(3)]
    assert [claim.environment()["CUDA_VISIBLE_DEVICES"] for claim in claims[:2]] == ["4", "7"]
    assert claims[2].environment()["CUDA_VISIBLE_DEVICES"] in ("4", "7"), "with too few GPUs they are shared"
    for visible in ("2", ""):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert GpuClaim().environment() == {}, "what a batch system handed out is left alone"
