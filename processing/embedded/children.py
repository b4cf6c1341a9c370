"""The processes that `make run` starts, and how to find every one of them again.

All carry the run's random tag in their environment, and so do their own children. What bears the tag is ours,
whatever its pid; what does not is never touched.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

TAG = "VIGIL_RUN"
GRACE_SECONDS = 20.0
LAUNCHER_SECONDS = 45.0  # the launcher's own stop, before somebody else's `vigil stop` takes over


@dataclass
class Children:
    """Started processes by name, of one run. `run_dir/run.json` lets a later `vigil stop` find them."""

    run_dir: Path
    log_dir: Path
    tag: str = field(default_factory=lambda: secrets.token_hex(16))
    started: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def begin(self) -> None:
        """Record this process as the launcher, and tag what it will start."""
        os.environ[TAG] = self.tag
        self.run_dir.mkdir(parents=True, exist_ok=True)
        record = {"tag": self.tag, "pid": os.getpid(), "created": psutil.Process().create_time()}
        self._record().write_text(json.dumps(record), encoding="utf-8")

    def start(self, name: str, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> None:
        """Start `argv` in a session of its own, its output appended to `log_dir/name.log`."""
        self.log_dir.mkdir(parents=True, exist_ok=True)
        with open(self.log_path(name), "ab") as log:
            self.started[name] = subprocess.Popen(
                list(argv), env={**env, TAG: self.tag}, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )

    def adopt(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """Take over a process that was started with this environment."""
        self.started[name] = process

    def log_path(self, name: str) -> Path:
        """Where the process's output goes."""
        return self.log_dir / f"{name}.log"

    def dead(self) -> dict[str, int]:
        """Exit codes of started processes that ended by themselves."""
        return {name: code for name, p in self.started.items() if (code := p.poll()) is not None}

    def stop_all(self) -> int:
        """End everything of this run: the first started (the store) last. Returns how many were alive."""
        alive = [process for process in self.started.values() if process.poll() is None]
        deadline = time.monotonic() + GRACE_SECONDS
        for process in reversed(alive[1:]):
            process.terminate()
        for process in alive[1:]:
            _wait(process, deadline)
        for process in alive[:1]:
            process.terminate()
            _wait(process, deadline + 5)
        _sweep(self.tag)
        self._record().unlink(missing_ok=True)
        return len(alive)

    def _record(self) -> Path:
        return self.run_dir / "run.json"


def running(run_dir: Path) -> list[int]:
    """Pids of an earlier run that is still up, or of what it left behind."""
    record = _read(run_dir / "run.json")
    return [p.pid for p in ([*_launcher(record), *_tagged(record["tag"])] if record else [])]


def stop_recorded(run_dir: Path) -> int:
    """Ask a running launcher to stop, then end what is left of its run. Returns how many processes were alive."""
    record = _read(run_dir / "run.json")
    if not record:
        return 0
    alive = running(run_dir)
    for launcher in _launcher(record):
        launcher.send_signal(signal.SIGTERM)
        psutil.wait_procs([launcher], LAUNCHER_SECONDS)
    left = _tagged(record["tag"])
    for process in left:
        process.send_signal(signal.SIGTERM)
    psutil.wait_procs(left, GRACE_SECONDS)
    _sweep(record["tag"])
    (run_dir / "run.json").unlink(missing_ok=True)
    return len(alive)


def _read(file: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if record.keys() >= {"tag", "pid", "created"} else {}


def _launcher(record: Mapping[str, Any]) -> list[psutil.Process]:
    """The launcher, if that very process lives: a pid alone may have been given to somebody else."""
    try:
        process = psutil.Process(record["pid"])
        same = abs(process.create_time() - record["created"]) < 2 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return []
    return [process] if same and process.pid != os.getpid() else []


def _tagged(tag: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(TAG) == tag:
                found.append(process)
        except psutil.Error:
            continue  # ended meanwhile, a zombie, or not ours to look at
    return found


def _sweep(tag: str) -> None:
    """Kill what outlived its grace."""
    left = _tagged(tag)
    for process in left:
        process.kill()
    psutil.wait_procs(left, 5)


def _wait(process: subprocess.Popen[bytes], deadline: float) -> None:
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
