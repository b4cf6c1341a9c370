"""Cleaning in worker processes that can be killed: a hostile page costs its deadline, not the batch."""

from __future__ import annotations

import resource
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, TimeoutError, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
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
PATIENCE = 30.0  # seconds beyond three deadlines until a page counts as lost with its worker

Job = tuple[StoredResponse, PageLine, Source]
_PRELOAD = ["processing.clean.page"]
_REASONS: dict[type[Exception], str] = {
    TimeoutError: "timeout", MemoryError: "out_of_memory", ProcessExpired: "crashed", BrokenProcessPool: "crashed",
}
_WITH_ITS_WORKER = tuple(_REASONS)
_main_lock = threading.Lock()


class CleanPool:
    """Workers for clean_page(). Use as a context manager; one pool serves many batches."""

    def __init__(
        self, workers: int = 2, deadline: float = DEADLINE, memory: int = MEMORY, tasks: int = TASKS
    ) -> None:
        self.deadline = deadline
        self._workers, self._memory, self._tasks = workers, memory, tasks
        self._ahead = AHEAD * workers
        self._pool = self._open(workers)

    def __enter__(self) -> CleanPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._pool.close()  # type: ignore[no-untyped-call]  # pebble
            self._pool.join()
        else:
            _end(self._pool)

    def clean_many(self, jobs: Iterable[Job]) -> Iterator[Cleaned]:
        """Each page's outcome, in the order of `jobs`. Never raises for what a page contains.

        Over its deadline a page is QUARANTINED `timeout`, as `crashed` when it takes its worker down, as
        `out_of_memory` beyond the limit: each only if it does so again, alone in a fresh worker, since the first
        time the machine, a stranger's kill or the worker's age may have been to blame. `error:<name>` is a fault
        of ours.
        """
        waiting: deque[_Page] = deque()
        for job in jobs:
            waiting.append(self._begin(job))
            if len(waiting) >= self._ahead:
                yield self._outcome(waiting.popleft())
        while waiting:
            yield self._outcome(waiting.popleft())

    def _open(self, workers: int) -> ProcessPool:
        return ProcessPool(
            workers, max_tasks=self._tasks, initializer=_start_worker, initargs=(self._memory,), context=_Context()
        )

    def _begin(self, job: Job) -> _Page:
        try:
            return _Page(job, self._pool, self._schedule(self._pool, job))
        except RuntimeError:  # broken: a worker that is killed while idle takes pebble's whole pool along
            _end(self._pool)
            self._pool = self._open(self._workers)
            return _Page(job, self._pool, self._schedule(self._pool, job))

    def _schedule(self, pool: ProcessPool, job: Job) -> Future[Cleaned]:
        future: Future[Cleaned] = pool.schedule(clean_page, args=list(job), timeout=self.deadline)
        return future

    def _outcome(self, page: _Page) -> Cleaned:
        try:
            return self._result(page)
        except _WITH_ITS_WORKER:
            return self._alone(page.job)

    def _alone(self, job: Job) -> Cleaned:
        """The second try, whose outcome stands."""
        pool = self._open(1)
        try:
            return self._result(_Page(job, pool, self._schedule(pool, job)))
        except _WITH_ITS_WORKER as error:
            reason = next(said for kind, said in _REASONS.items() if isinstance(error, kind))
            return Cleaned(Disposition.QUARANTINED, reason)
        finally:
            _end(pool)

    def _result(self, page: _Page) -> Cleaned:
        """The page's outcome once it is there. Raises what ended its worker."""
        latest = time.monotonic() + 3 * self.deadline + PATIENCE
        while not wait([page.future], timeout=0.5).done:
            if time.monotonic() > latest:
                page.pool.stop()  # type: ignore[no-untyped-call]  # pebble
            if not page.pool.active:  # broken: what it had in hand may never end
                raise BrokenProcessPool("lost with its worker")
        try:
            return page.future.result()
        except _WITH_ITS_WORKER:
            raise
        except Exception as error:  # noqa: BLE001  # process boundary: one page must not end the batch
            return Cleaned(Disposition.QUARANTINED, f"error:{type(error).__name__}")


@dataclass(frozen=True)
class _Page:
    """A page in work: in which pool, and what will come of it."""

    job: Job
    pool: ProcessPool
    future: Future[Cleaned]


def _end(pool: ProcessPool) -> None:
    """Stop a pool at once, also a broken one, and its workers."""
    pool.stop()  # type: ignore[no-untyped-call]  # pebble
    pool.join()


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
