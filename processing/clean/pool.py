"""Cleaning in worker processes that can be killed: a hostile page costs its deadline, not the batch."""

from __future__ import annotations

import resource
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, TimeoutError
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType, TracebackType

from pebble import ProcessExpired, ProcessPool

from processing.clean.model import Cleaned
from processing.clean.page import clean_page
from scrapers.handover import Disposition, PageLine
from scrapers.registry import Source
from scrapers.warc import StoredResponse

DEADLINE = 10.0  # seconds a page may take
MEMORY = 2 << 30  # bytes of address space a worker may have
TASKS = 500  # pages a worker cleans before a fresh one takes its place: trafilatura's caches grow
AHEAD = 4  # pages waiting per worker; more would only hold memory

Job = tuple[StoredResponse, PageLine, Source]
_PRELOAD = ["processing.clean.page"]
_main_lock = threading.Lock()


class CleanPool:
    """Workers for clean_page(). Use as a context manager; one pool serves many batches."""

    def __init__(
        self, workers: int = 2, deadline: float = DEADLINE, memory: int = MEMORY, tasks: int = TASKS
    ) -> None:
        self.deadline = deadline
        self._ahead = AHEAD * workers
        self._pool = ProcessPool(
            workers, max_tasks=tasks, initializer=_start_worker, initargs=(memory,), context=_Context()
        )

    def __enter__(self) -> CleanPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._pool.close()  # type: ignore[no-untyped-call]  # pebble
        else:
            self._pool.stop()  # type: ignore[no-untyped-call]  # pebble
        self._pool.join()

    def clean_many(self, jobs: Iterable[Job]) -> Iterator[Cleaned]:
        """Each page's outcome, in the order of `jobs`. Never raises for what a page contains.

        Over its deadline a page is QUARANTINED `timeout`, as `crashed` when it takes its worker down, as
        `out_of_memory` beyond the limit, as `error:<name>` for a fault of ours.
        """
        waiting: deque[Future[Cleaned]] = deque()
        for job in jobs:
            waiting.append(self._pool.schedule(clean_page, args=list(job), timeout=self.deadline))
            if len(waiting) >= self._ahead:
                yield _outcome(waiting.popleft())
        while waiting:
            yield _outcome(waiting.popleft())


def _outcome(future: Future[Cleaned]) -> Cleaned:
    try:
        return future.result()
    except TimeoutError:
        reason = "timeout"
    except ProcessExpired:
        reason = "crashed"
    except MemoryError:
        reason = "out_of_memory"
    except Exception as error:  # noqa: BLE001  # process boundary: one page must not end the batch
        reason = f"error:{type(error).__name__}"
    return Cleaned(Disposition.QUARANTINED, reason)


def _start_worker(memory: int) -> None:
    """Limit the worker's address space. In a worker of its own, never in the caller's process."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(
        resource.RLIMIT_AS, (memory if hard == resource.RLIM_INFINITY else min(memory, hard), hard)
    )


class _Worker(ForkServerProcess):
    """A worker that does not import the caller's main module: Airflow's takes two seconds."""

    def start(self) -> None:
        """Start it with an empty `__main__` in sight."""
        with _hidden_main():
            super().start()


class _Context(ForkServerContext):
    """Workers forked from a clean server that has the cleaning code loaded: 20 ms for a fresh one."""

    Process = _Worker

    def __init__(self) -> None:
        super().__init__()
        self.set_forkserver_preload(_PRELOAD)


@contextmanager
def _hidden_main() -> Iterator[None]:
    with _main_lock:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main
