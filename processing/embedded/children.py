"""The processes that `make run` starts: each in a session of its own, recorded by pid, stopped as a group."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

GRACE_SECONDS = 20.0


@dataclass
class Children:
    """Started processes by name. Records lie in `run_dir`, so that a later `make stop` finds them."""

    run_dir: Path
    log_dir: Path
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> None:
        """Start `argv`, its output appended to `log_dir/name.log`."""
        self.log_dir.mkdir(parents=True, exist_ok=True)
        with open(self.log_path(name), "ab") as log:
            process = subprocess.Popen(
                list(argv), env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )
        self.adopt(name, process)

    def adopt(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """Record a process that leads its own session."""
        self.started[name] = process
        self.run_dir.mkdir(parents=True, exist_ok=True)
        record = {"pid": process.pid, "created": psutil.Process(process.pid).create_time()}
        (self.run_dir / f"{name}.json").write_text(json.dumps(record), encoding="utf-8")

    def log_path(self, name: str) -> Path:
        """Where the process's output goes."""
        return self.log_dir / f"{name}.log"

    def dead(self) -> dict[str, int]:
        """Exit codes of started processes that ended by themselves."""
        return {name: code for name, p in self.started.items() if (code := p.poll()) is not None}

    def stop_all(self) -> list[str]:
        """End every process of the recorded sessions, last started first. Returns the names."""
        stopped = [name for name in reversed(list(self.started)) if _end(self.run_dir / f"{name}.json")]
        return stopped + stop_recorded(self.run_dir)


def running(run_dir: Path) -> list[str]:
    """Names of recorded processes that are alive."""
    return [file.stem for file in sorted(run_dir.glob("*.json")) if _alive(_read(file))]


def stop_recorded(run_dir: Path) -> list[str]:
    """End what an earlier run recorded and left behind. Returns the names of those that were alive."""
    return [file.stem for file in sorted(run_dir.glob("*.json"), reverse=True) if _end(file)]


def _read(file: Path) -> tuple[int, float]:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        return int(record["pid"]), float(record["created"])
    except (OSError, ValueError, KeyError):
        return 0, 0.0


def _alive(record: tuple[int, float]) -> bool:
    """Whether that very process lives: a pid alone may have been given to somebody else."""
    pid, created = record
    try:
        process = psutil.Process(pid)
        return bool(pid and abs(process.create_time() - created) < 2 and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _session(leader: int) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, PermissionError, psutil.Error):
            continue
    return found


def _end(file: Path) -> bool:
    """SIGTERM to the leader, then whatever of its session outlives the grace period is killed."""
    pid, _ = record = _read(file)
    alive = _alive(record)
    if alive:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while _session(pid) and time.monotonic() < deadline:
            time.sleep(0.1)
            with suppress(ChildProcessError):  # an earlier run's process is not our child
                os.waitpid(pid, os.WNOHANG)
    for process in _session(pid) if pid else []:
        process.kill()
    file.unlink(missing_ok=True)
    return alive
