"""One thread for all that takes long, so that whoever turns the knobs never waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Worker:
    """Does one thing after the other; of each kind of work only the newest request counts.

    A network is thus never asked two things at once. Work that goes on for long does a slice and asks for the next one,
    which waits behind whatever else was asked meanwhile.

    Args:
        failed: is told what went wrong in the thread.
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self.failed = failed
        self._waiting: dict[str, Callable[[], None]] = {}
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None

    def ask(self, kind: str, work: Callable[[], None]) -> None:
        """Put work at the end of the queue, in place of what waits there of its kind."""
        with self._news:
            self._waiting.pop(kind, None)
            self._waiting[kind] = work
            self._news.notify()

    def drain(self) -> None:
        """Do all that waits, here and now; errors are the caller's."""
        while self._waiting:
            self._next()()

    def start(self) -> None:
        """Let the thread do what waits, and all that comes; a second call changes nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="explorer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._waiting)
                work = self._next()
            try:
                work()
            except Exception as error:  # whatever it is, the user is told, and the next request is served
                self.failed(error)

    def _next(self) -> Callable[[], None]:
        return self._waiting.pop(next(iter(self._waiting)))
