"""Download one file over HTTP: resumed, verified, atomic, and safe to run twice at once."""

import re
import sys
from pathlib import Path

import requests
import urllib3
from requests.exceptions import ChunkedEncodingError, SSLError
from tenacity import RetryCallState, Retrying, retry_if_exception_type
from tqdm import tqdm

from ..common.errors import DownloadError
from ..common.files import check_room, flaw, locked, part_of, publish, version_of, writing

BLOCK = 1 << 16  # bytes; what a connection that breaks may lose
LONGEST_PAUSE = 30.0  # seconds
BROKEN = (requests.ConnectionError, requests.Timeout, ChunkedEncodingError, urllib3.exceptions.HTTPError)
TRY_AGAIN = {408, 425, 429}  # besides 5xx: the answers that say "later"
# Bytes as they are stored: a server that packs on the way could not be resumed.
PLAIN = {"Accept-Encoding": "identity", "User-Agent": "featviz-helpers"}


class Interrupted(DownloadError):
    """What may go better the next time: a broken or silent connection, a busy server, a part of another version."""


def download(
    url: str,
    target: Path,
    size: int | None = None,
    digest: str | None = None,
    room: int = 0,
    stall: float = 30.0,
    tries: int = 5,
    pause: float = 1.0,
) -> Path:
    """Fetch a file; what is there already is kept, and what was begun is resumed.

    The bytes grow in `<target>.part`, which stays when the download stops. The next call asks for the rest of it,
    on condition that the file on the server is the same (If-Range), and starts again where that is not so.

    Args:
        url: http or https address.
        target: final name; folders above it are made.
        size: bytes, where they are known; a server that has another number is refused before anything is written.
        digest: such as "sha256:0a1b..."; None takes what comes.
        room: bytes of disk that are needed besides the file.
        stall: seconds without a byte after which a connection counts as broken.
        tries: failures in a row without a new byte after which to give up.
        pause: seconds before the second attempt; each further failure in a row doubles them, up to 30.

    Returns:
        `target`, complete and verified.

    Raises:
        DiskFull: there is no room; what came stays in the part.
        Interrupted: the server could not be reached, or broke off too often; the part stays.
        DownloadError: the server does not have the file (404 and the like), or has other bytes; those are deleted.
    """
    with writing(target), locked(target):
        if target.is_file() and not flaw(target, size, digest):
            return target
        transfer = _Transfer(url, target, size, digest, stall)
        check_room(target.parent, (size or 0) - transfer.there() + room)
        Retrying(
            retry=retry_if_exception_type(Interrupted),
            stop=lambda state: transfer.fruitless >= tries,
            wait=lambda state: min(LONGEST_PAUSE, pause * 2 ** max(0, transfer.fruitless - 1)),
            before_sleep=_say_why,
            reraise=True,
        )(transfer.attempt)
        publish(transfer.part, target)
    return target


def _say_why(state: RetryCallState) -> None:
    tqdm.write(f"{state.outcome.exception()} Next attempt in {state.next_action.sleep:.0f} s.", file=sys.stderr)


def _root(error: BaseException) -> str:
    """Say in short what a stack of wrapped exceptions is about."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return str(error) or type(error).__name__


class _Transfer:
    """The part of one file, and the attempts to complete it."""

    def __init__(self, url: str, target: Path, size: int | None, digest: str | None, stall: float) -> None:
        self.url, self.target, self.size, self.digest, self.stall = url, target, size, digest, stall
        self.part = part_of(target)
        self.version_file = version_of(target)
        self.longest = self.there()
        self.fruitless = 0

    def there(self) -> int:
        """Return the bytes that the part has."""
        return self.part.stat().st_size if self.part.exists() else 0

    def attempt(self) -> None:
        """Get what is missing from the part, and verify it."""
        try:
            resumed = self._transfer()
            self._verify(resumed)
        except Interrupted:
            # A server without ranges sends the same bytes again and again: only a longer part is progress.
            self.fruitless = 0 if self.there() > self.longest else self.fruitless + 1
            self.longest = max(self.longest, self.there())
            raise

    def _transfer(self) -> int:
        """Append what is missing; return how many bytes were there before."""
        version = self.version_file.read_text() if self.version_file.exists() else ""
        if self.there() and not (version or self.digest):
            self.part.unlink()  # nothing could tell whether the rest fits
        if self.size is not None and self.there() > self.size:
            self.part.unlink()
        start = self.there()
        if start and start == self.size:
            return start
        asked = dict(PLAIN)
        if start:
            asked |= {"Range": f"bytes={start}-"} | ({"If-Range": version} if version else {})
        try:
            with requests.get(self.url, headers=asked, stream=True, timeout=self.stall) as answer:
                start, total = self._begin(answer, start, version)
                if start != total:
                    self._append(answer, start, total)
        except SSLError as error:
            raise DownloadError(f"No secure connection to {self.url}: {_root(error)}.") from error
        except BROKEN as error:
            raise Interrupted(
                f"The connection to {self.url} broke ({_root(error)}); {self.there():,} bytes are there, "
                "and the same command goes on from them."
            ) from error
        except requests.RequestException as error:
            raise DownloadError(f"Cannot fetch {self.url}: {error}.") from error
        expected = self.size if total is None else total
        if expected is not None and self.there() < expected:
            raise Interrupted(f"{self.url} ended after {self.there():,} of {expected:,} bytes.")
        return start

    def _begin(self, answer: requests.Response, start: int, version: str) -> tuple[int, int | None]:
        """Read the head of an answer; return where its bytes belong, and the size of the whole file if it says so."""
        now = _version(answer)
        said = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", answer.headers.get("Content-Range", ""))
        total = int(said[2]) if said and said[2] != "*" else None
        if answer.status_code == 200:
            length = answer.headers.get("Content-Length", "")
            start, total = 0, int(length) if length.isdigit() else None
        elif answer.status_code == 206 and start:
            if said is None or said[1] != str(start) or (version and now and now != version):
                self._discard(f"{self.url} is another version than the part of it that is here")
        elif answer.status_code == 416 and start:
            if total != start:
                self._discard(f"{self.url} is shorter than the part of it that is here")
        elif answer.status_code in TRY_AGAIN or answer.status_code >= 500:
            raise Interrupted(f"{self.url} answered {answer.status_code} {answer.reason}.")
        else:
            raise DownloadError(
                f"{self.url} answered {answer.status_code} {answer.reason}: the file is not there for us. Look for it "
                "at its home in a browser, or name a mirror that has it in FEATVIZ_MIRROR."
            )
        # Before anything is written: a class room's log-in page must not cost the part of a large file.
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            raise DownloadError(
                f"{self.url} answered with a page, not with a file: perhaps the log-in page of this network. "
                "Open the address in a browser."
            )
        if self.size is not None and total is not None and total != self.size:
            raise DownloadError(
                f"{self.url} has {total:,} bytes, and {self.size:,} were expected: it is another file. "
                "Look for the right one at its home, or name a mirror that has it in FEATVIZ_MIRROR."
            )
        if not start:
            self.part.write_bytes(b"")  # before the version is noted, which must never belong to older bytes
            self.version_file.write_text(now)
        return start, total

    def _append(self, answer: requests.Response, start: int, total: int | None) -> None:
        bar = tqdm(initial=start, total=total, desc=self.target.name, unit="B", unit_scale=True, mininterval=0.5)
        with self.part.open("ab") as part, bar:
            for block in answer.raw.stream(BLOCK, decode_content=False):
                part.write(block)
                bar.update(len(block))

    def _verify(self, resumed: int) -> None:
        wrong = flaw(self.part, self.size, self.digest)
        if wrong and resumed:
            self._discard(f"{self.url}, put together from two downloads, is damaged ({wrong})")
        if wrong:
            self.part.unlink()
            self.version_file.unlink(missing_ok=True)
            raise DownloadError(f"{self.url} is not the file that was expected: {wrong}. It was deleted.")

    def _discard(self, why: str) -> None:
        self.part.unlink()
        raise Interrupted(f"{why}; starting again.")


def _version(answer: requests.Response) -> str:
    """Return what identifies the bytes of an answer to If-Range: a strong ETag, else the date, else ""."""
    etag = answer.headers.get("ETag", "")
    return etag if etag.startswith('"') else answer.headers.get("Last-Modified", "")
