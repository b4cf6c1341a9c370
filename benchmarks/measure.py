"""Runs a process to its end and says what it used; the site in a process of its own; medians."""

from __future__ import annotations

import contextlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import yaml

from benchmarks.site import addresses

HOME = Path(__file__).resolve().parent.parent
PACKAGES = ("scrapy", "twisted", "uvloop", "fastwarc", "trafilatura", "lxml")


@dataclass(frozen=True)
class Used:
    """What one process used. Seconds, of which `cpu` is user and system time; `rss` in MiB at its highest."""

    cpu: float
    wall: float
    rss: float
    out: str


@dataclass(frozen=True)
class Site:
    """A running site."""

    port: int
    hosts: int

    @property
    def pairs(self) -> str:
        """For VIGIL_ALLOW_HOSTS."""
        return ",".join(f"{host}:{self.port}" for host in addresses(self.hosts))


@contextlib.contextmanager
def site(hosts: int, pages: int, charset: str = "charset", size: int = 270_000) -> Iterator[Site]:
    """The site, `pages` of `size` decoded bytes on each of `hosts`."""
    command = [sys.executable, "-m", "benchmarks.site", str(hosts), str(pages), charset, str(size)]
    with subprocess.Popen(command, cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 as asked for
        try:
            yield Site(int(process.stdout.readline()), hosts)
        finally:
            process.stdin.close()


def run(module: str, *args: str, env: dict[str, str] | None = None) -> Used:
    """`python -m module args`, by itself. Raises RuntimeError with its last words if it fails."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", module, *args], cwd=HOME, env={**os.environ, **(env or {})}, stdout=out, stderr=err
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise RuntimeError(f"{module} ended with {process.returncode}: {err.read()[-2000:]}")
        return Used(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, out.read())


def registry(folder: Path, site: Site, feeds_per_host: int, pages: int) -> str:
    """Write a registry with the site's feeds; the ids, comma-separated."""
    entries = [
        {
            "id": f"bench-{number}-{feed}", "name": "b", "kind": "feed", "lang": "en", "group": "bench",
            "grade": "B2", "delay": 0, "max_pages": pages, "url": f"http://{host}:{site.port}/feed.xml?{feed}",
        }
        for number, host in enumerate(addresses(site.hosts))
        for feed in range(feeds_per_host)
    ]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench.yaml").write_text(yaml.safe_dump(entries), encoding="utf-8")
    return ",".join(str(entry["id"]) for entry in entries)


def crawl(folder: Path, site: Site, ids: str, batch: str, *more: str) -> Used:
    """Our crawl as the operator starts it, into `folder`."""
    return run(
        "scrapers.run", "--batch-id", batch, "--group", "bench", "--date", "2026-01-02", "--sources", ids,
        "--sources-dir", str(folder / "sources"), "--out", str(folder / "out"), "--user-agent",
        "VigilBench/1 (contact: bench@example.org)", *more, env={"VIGIL_ALLOW_HOSTS": site.pairs},
    )  # fmt: skip


def spread(values: Sequence[float]) -> str:
    """Median and range."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def machine() -> str:
    """Processor, cores, Python and packages."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if "model name" in line), platform.processor())
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}; {packages}"
