"""Downloads from a server that breaks off, lies, stalls and forgets: whole under the final name, or not there."""

import hashlib
import os
import random
import subprocess
import sys
import time

import pytest
from featviz_helpers.assets.download import Interrupted, download
from featviz_helpers.common.errors import DiskFull, DownloadError
from support.faulty_server import Faults, serving

BODY = random.Random(0).randbytes(300_000)
OTHER = random.Random(1).randbytes(300_000)
HALF = 131_072
SIZE = len(BODY)
SHA256 = "sha256:" + hashlib.sha256(BODY).hexdigest()

# In a process of its own: download sys.argv[1] to sys.argv[2].
CHILD = "import sys; from featviz_helpers.assets.download import download; from pathlib import Path\n"
CALL = f"download(sys.argv[1], Path(sys.argv[2]), size={SIZE}, digest={SHA256!r}, pause=0.01)"


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    """No proxy between the tests and their own machine."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server():
    with serving() as server:
        server.files["file"] = BODY
        yield server


@pytest.fixture
def target(tmp_path):
    return tmp_path / "weights" / "file"


def get(server, target, size=SIZE, digest=SHA256, **options):
    return download(server.url("file"), target, size=size, digest=digest, **{"pause": 0.01} | options)


def part(target):
    return target.with_name("file.part")


def child(code, server, target, **options):
    return subprocess.Popen(
        [sys.executable, "-c", CHILD + code, server.url("file"), str(target)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def until(condition, seconds=20.0):
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_a_file_arrives_whole_and_alone(server, target):
    assert get(server, target) == target
    assert target.read_bytes() == BODY
    assert {path.name for path in target.parent.iterdir()} == {"file", ".file.lock"}
    assert "Range" not in server.requests[0]


def test_what_is_there_is_not_fetched_again_and_what_is_damaged_is_replaced(server, target):
    get(server, target)
    get(server, target)
    assert len(server.requests) == 1
    target.write_bytes(OTHER)  # of the same size
    get(server, target)
    assert target.read_bytes() == BODY and len(server.requests) == 2


def test_a_broken_connection_is_resumed_and_no_byte_is_sent_twice(server, target, capfd):
    server.faults = [Faults(after=HALF)]
    get(server, target)
    assert target.read_bytes() == BODY
    assert [request.get("Range") for request in server.requests] == [None, f"bytes={HALF}-"]
    assert server.sent[1] == SIZE - HALF
    assert f"{HALF:,} bytes are there" in capfd.readouterr().err, "the reader learns why it pauses"


def test_patience_is_for_failures_in_a_row(server, target):
    server.faults = [Faults(after=SIZE // 10) for _ in range(8)]
    get(server, target, tries=2)
    assert target.read_bytes() == BODY and len(server.requests) == 9


def test_a_later_call_resumes_what_an_earlier_one_left(server, target):
    server.faults = [Faults(after=HALF), Faults(status=503), Faults(status=503)]
    with pytest.raises(Interrupted, match="503"):
        get(server, target, tries=2)
    assert not target.exists() and part(target).stat().st_size == HALF
    get(server, target)
    assert server.requests[-1]["Range"] == f"bytes={HALF}-"
    assert target.read_bytes() == BODY


def test_a_server_without_ranges_starts_again(server, target):
    server.ranges = False
    server.faults = [Faults(after=HALF)]
    get(server, target)
    assert server.requests[1]["Range"] == f"bytes={HALF}-" and server.sent == [SIZE, SIZE]
    assert target.read_bytes() == BODY


def test_the_same_bytes_again_and_again_are_no_progress(server, target):
    server.ranges = False
    server.faults = [Faults(after=HALF) for _ in range(50)]
    with pytest.raises(Interrupted):
        get(server, target, tries=3)
    assert len(server.requests) == 4
    assert not target.exists()


def test_a_file_that_changed_under_a_download_is_noticed_by_its_digest(server, target):
    server.files["file"] = OTHER  # of the same size
    server.faults = [Faults(after=HALF), Faults(status=503), Faults(status=503)]
    with pytest.raises(Interrupted):
        get(server, target, tries=2)
    server.files["file"] = BODY
    get(server, target)
    assert [request.get("Range") for request in server.requests[-2:]] == [f"bytes={HALF}-", None]
    assert target.read_bytes() == BODY


@pytest.mark.parametrize("breaks", [0, 1])
def test_wrong_bytes_never_get_the_final_name(server, target, breaks):
    server.files["file"] = OTHER
    server.faults = [Faults(after=HALF)] * breaks
    with pytest.raises(DownloadError, match=rf"sha256 is {hashlib.sha256(OTHER).hexdigest()}, and {SHA256[7:]}"):
        get(server, target)
    assert not target.exists() and not part(target).exists()
    assert len(server.requests) == (3 if breaks else 1), "only what was put together is worth a second try"


def test_a_wrong_md5_is_reported_as_well(server, target):
    with pytest.raises(DownloadError, match=r"md5 is .* and 0000 was expected"):
        get(server, target, digest="md5:0000")


def test_another_size_is_refused_before_a_part_is_touched(server, target):
    target.parent.mkdir()
    part(target).write_bytes(BODY[:HALF])
    server.files["file"] = OTHER[:1000]
    for server.ranges in (False, True):  # the whole file, or 416: it ends before the part does
        with pytest.raises(DownloadError, match=r"has 1,000 bytes, and 300,000 were expected"):
            get(server, target)
        assert part(target).read_bytes() == BODY[:HALF]


def test_the_log_in_page_of_a_network_is_no_file(server, target):
    target.parent.mkdir()
    part(target).write_bytes(BODY[:HALF])
    server.ranges = False
    server.faults = [Faults(headers={"Content-Type": "text/html; charset=utf-8", "Content-Length": None})]
    with pytest.raises(DownloadError, match="log-in page"):
        get(server, target)
    assert part(target).read_bytes() == BODY[:HALF] and not target.exists()
    get(server, target)
    assert target.read_bytes() == BODY


def test_a_complete_part_needs_no_byte(server, target):
    target.parent.mkdir()
    part(target).write_bytes(BODY)
    get(server, target)
    assert target.read_bytes() == BODY and server.requests == []


def test_a_part_that_is_too_long_is_thrown_away(server, target):
    target.parent.mkdir()
    part(target).write_bytes(BODY + b"more")
    get(server, target)
    assert target.read_bytes() == BODY


def test_a_missing_file_is_requested_once(server, target):
    with pytest.raises(DownloadError, match=r"404.*FEATVIZ_MIRROR"):
        download(server.url("gone"), target, SIZE, SHA256, pause=0.01)
    assert len(server.requests) == 1 and not target.exists()


def test_a_busy_server_is_tried_again(server, target):
    server.faults = [Faults(status=503), Faults(status=429), Faults(status=500)]
    get(server, target)
    assert len(server.requests) == 4 and target.read_bytes() == BODY


def test_a_server_that_is_gone_is_reported_in_short(target):
    with serving() as gone:
        url = gone.url("file")
    with pytest.raises(Interrupted, match=r"Connection refused.*0 bytes are there"):
        download(url, target, SIZE, SHA256, pause=0.01, tries=2)


def test_a_silent_connection_counts_as_broken(server, target):
    server.faults = [Faults(after=HALF, stall=True)]
    begin = time.monotonic()
    get(server, target, stall=0.3)
    assert time.monotonic() - begin < 5, "the server would have hung up after 20 s"
    assert server.requests[1]["Range"] == f"bytes={HALF}-" and target.read_bytes() == BODY


def test_slow_is_not_silent(server, target):
    server.faults = [Faults(slow=0.06)]
    get(server, target, stall=0.4, tries=1)  # 0.6 s in all
    assert len(server.requests) == 1 and target.read_bytes() == BODY


def test_bytes_are_kept_as_they_are_stored(server, target):
    server.faults = [Faults(headers={"Content-Encoding": "gzip"})]  # what some servers say of a .tar.gz
    get(server, target)
    assert target.read_bytes() == BODY
    assert server.requests[0]["Accept-Encoding"] == "identity"


def test_an_answer_without_length_that_ends_early_is_resumed(server, target):
    server.faults = [Faults(after=HALF, headers={"Content-Length": None})]
    get(server, target)
    assert server.requests[1]["Range"] == f"bytes={HALF}-" and target.read_bytes() == BODY


def test_too_little_room_is_said_before_any_request(server, target):
    with pytest.raises(DiskFull, match=r"B are needed in .* choose another folder"):
        get(server, target, size=10**18)
    assert server.requests == []
    with pytest.raises(DiskFull):
        get(server, target, room=10**18)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_disk_that_fills_up_is_reported_with_what_to_do(server, target):
    target.parent.mkdir()
    part(target).symlink_to("/dev/full")
    with pytest.raises(DiskFull, match=r"No room left for file.*No space left.*choose another folder"):
        get(server, target)
    assert not target.exists() and len(server.requests) == 1, "no second attempt on a full disk"


@pytest.mark.skipif(os.name != "posix", reason="a limit on file sizes is POSIX")
def test_what_a_full_disk_could_hold_is_resumed_when_there_is_room(server, target):
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({HALF}, {HALF}))\n"
    report = f"try:\n    {CALL}\nexcept OSError as error:\n    print(type(error).__name__, error)"
    out, err = child(limit + report, server, target).communicate(timeout=30)
    assert out.startswith("DiskFull No room left for file"), err
    assert not target.exists() and part(target).stat().st_size == HALF
    get(server, target)
    assert server.requests[-1]["Range"] == f"bytes={HALF}-" and target.read_bytes() == BODY


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_a_killed_download_is_resumed(server, target):
    server.faults = [Faults(after=HALF, stall=True)]
    process = child(CALL, server, target)
    until(lambda: part(target).exists() and part(target).stat().st_size == HALF)
    process.kill()
    process.communicate(timeout=30)
    assert not target.exists()
    get(server, target)
    assert server.requests[1]["Range"] == f"bytes={HALF}-" and target.read_bytes() == BODY


def test_two_at_once_are_one_download(server, target):
    server.faults = [Faults(after=HALF, stall=True)]
    first = child(CALL, server, target)
    until(lambda: server.requests)
    second = child(CALL, server, target)
    assert "Another process is making" in second.stderr.readline()
    server.release.set()  # the first one breaks off now, and resumes
    for process in (first, second):
        _, err = process.communicate(timeout=30)
        assert process.returncode == 0, err
    assert len(server.requests) == 2 and sum(server.sent) == SIZE + SIZE - HALF
    assert target.read_bytes() == BODY
