"""Download one file over HTTP: resumed, verified, atomic, and safe to run twice at once."""

import sys
from pathlib import Path

import requests
import urllib3
from requests.exceptions import ChunkedEncodingError, SSLError
from tenacity import RetryCallState, Retrying, retry_if_exception_type
from tqdm import tqdm

from ..common.errors import DownloadError
from ..common.files import disk_errors, flaw, locked, publish, require_room

BLOCK = 1 << 16  # bytes; what a connection that breaks may lose
LONGEST_PAUSE = 30.0  # seconds
BROKEN = (requests.ConnectionError, requests.Timeout, ChunkedEncodingError, urllib3.exceptions.HTTPError)
TRY_AGAIN = {408, 425, 429}  # besides 5xx: the answers that say "later"
# Bytes as they are stored: a server that packs on the way could not be resumed.
PLAIN = {"Accept-Encoding": "identity", "User-Agent": "featviz-helpers"}


class Interrupted(DownloadError):
    """What may go better the next time: a broken or silent connection, a busy server, a part of another file."""


def download(
    url: str, target: Path, size: int, digest: str, room: int = 0, stall: float = 30.0, tries: int = 5,
    pause: float = 1.0,
) -> Path:  # fmt: skip
    """Fetch a file; what is there already is kept, and what was begun is resumed.

    The bytes grow in `<target>.part`, which stays when the download stops. The next call asks for the rest of it; the
    digest tells whether the two fit together, and where they do not, the download starts again.

    Args:
        url: http or https address.
        target: final name; folders above it are made.
        size: bytes; a server that has another number is refused before anything is written.
        digest: such as "sha256:0a1b...".
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
    with disk_errors(target), locked(target):
        if target.is_file() and not flaw(target, size, digest):
            return target
        transfer = _Transfer(url, target, size, digest, stall)
        require_room(target.parent, size - transfer.length + room)
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

    def __init__(self, url: str, target: Path, size: int, digest: str, stall: float) -> None:
        self.url, self.size, self.digest, self.stall = url, size, digest, stall
        self.part = target.with_name(f"{target.name}.part")
        self.longest, self.fruitless = self.length, 0

    @property
    def length(self) -> int:
        """Bytes that the part has."""
        return self.part.stat().st_size if self.part.exists() else 0

    def attempt(self) -> None:
        """Get what is missing from the part, and verify it."""
        try:
            if self.length > self.size:
                self.part.unlink()
            resumed = self._append_rest(self.length) if self.length < self.size else True
            self._verify(resumed)
        except Interrupted:
            # A server without ranges sends the same bytes again and again: only a longer part is progress.
            self.fruitless = 0 if self.length > self.longest else self.fruitless + 1
            self.longest = max(self.longest, self.length)
            raise

    def _append_rest(self, start: int) -> bool:
        """Append what is missing after `start` bytes; return whether the server agreed to go on from there."""
        headers = PLAIN | ({"Range": f"bytes={start}-"} if start else {})
        try:
            with requests.get(self.url, headers=headers, stream=True, timeout=self.stall) as answer:
                self._check(answer, start)
                resumed = answer.status_code == 206
                bar = tqdm(initial=start * resumed, total=self.size, desc=self.part.stem, unit="B", unit_scale=True)
                with self.part.open("ab" if resumed else "wb") as part, bar:
                    for block in answer.raw.stream(BLOCK, decode_content=False):
                        part.write(block)
                        bar.update(len(block))
        except SSLError as error:
            raise DownloadError(f"No secure connection to {self.url}: {_root(error)}.") from error
        except BROKEN as error:
            raise Interrupted(
                f"The connection to {self.url} broke ({_root(error)}); {self.length:,} bytes are there, "
                "and the same command goes on from them."
            ) from error
        except requests.RequestException as error:
            raise DownloadError(f"Cannot fetch {self.url}: {error}.") from error
        if self.length < self.size:
            raise Interrupted(f"{self.url} ended after {self.length:,} of {self.size:,} bytes.")
        return resumed

    def _check(self, answer: requests.Response, start: int) -> None:
        """Refuse an answer that does not bring the bytes after `start`, before anything is written."""
        code, headers = answer.status_code, answer.headers
        if code in TRY_AGAIN or code >= 500:
            raise Interrupted(f"{self.url} answered {code} {answer.reason}.")
        if answer.ok and headers.get("Content-Type", "").startswith("text/html"):
            raise DownloadError(
                f"{self.url} answered with a page, not with a file: perhaps the log-in page of this network. "
                "Open the address in a browser."
            )
        total = (
            headers.get("Content-Length", "") if code == 200 else headers.get("Content-Range", "").rpartition("/")[2]
        )
        if total.isdigit() and int(total) != self.size:
            raise DownloadError(
                f"{self.url} has {int(total):,} bytes, and {self.size:,} were expected: it is another file. "
                "Look for the right one at its home, or name a mirror that has it in FEATVIZ_MIRROR."
            )
        if code != 200 and not (code == 206 and start):
            raise DownloadError(
                f"{self.url} answered {code} {answer.reason}: the file is not there for us. Look for it at its home in "
                "a browser, or name a mirror that has it in FEATVIZ_MIRROR."
            )

    def _verify(self, resumed: bool) -> None:
        if wrong := flaw(self.part, self.size, self.digest):
            self.part.unlink()
            if resumed:
                raise Interrupted(f"{self.url}, put together from two downloads, is damaged ({wrong}); starting again.")
            raise DownloadError(f"{self.url} is not the file that was expected: {wrong}. It was deleted.")
