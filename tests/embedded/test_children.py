"""What `make run` started is found and ended, all of it; what it did not start is never touched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from processing.embedded.children import TAG, Children, running, stop_recorded

SLEEPER = [sys.executable, "-c", "import signal; print('up', flush=True); signal.pause()"]
# A program that starts another one in a session of its own, then waits: as Airflow's scheduler does with its tasks.
PARENT = [
    sys.executable, "-c",
    "import signal, subprocess, sys\n"
    "subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'], start_new_session=True)\n"
    "print('up', flush=True); signal.pause()",
]
LAUNCHER = (
    "import signal, sys\nfrom pathlib import Path\nfrom processing.embedded.children import Children\n"
    "folder = Path(sys.argv[1])\nchildren = Children(folder / 'run', folder / 'log')\nchildren.begin()\n"
    "children.start('one', [sys.executable, '-c', 'import signal; signal.pause()'], {}, folder)\n"
    "{handler}print('up', flush=True)\nsignal.pause()\n"
)
POLITE = "signal.signal(signal.SIGTERM, lambda *_: (children.stop_all(), sys.exit(0)))\n"


@pytest.fixture
def children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Children]:
    """An empty set whose launcher is this test."""
    monkeypatch.setenv(TAG, "")
    made = Children(tmp_path / "run", tmp_path / "log")
    made.begin()
    yield made
    made.stop_all()


def _tagged(tag: str) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(TAG) == tag:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def _await_up(children: Children, name: str) -> None:
    log = children.log_path(name)
    while "up" not in log.read_text(encoding="utf-8"):
        assert children.dead() == {}, log.read_text(encoding="utf-8")


def test_grandchildren_in_sessions_of_their_own_are_ended_too(children: Children, tmp_path: Path) -> None:
    """Everything that bears the run's tag is gone, the record as well."""
    children.start("parent", PARENT, os.environ, tmp_path)
    _await_up(children, "parent")
    assert len(_tagged(children.tag)) == 2
    assert children.stop_all() == 1
    assert _tagged(children.tag) == []
    assert running(children.run_dir) == []


def test_a_child_that_ends_by_itself_is_reported(children: Children, tmp_path: Path) -> None:
    """Its name and exit code."""
    children.start("brief", [sys.executable, "-c", "raise SystemExit(3)"], os.environ, tmp_path)
    children.started["brief"].wait(30)
    assert children.dead() == {"brief": 3}


def test_a_stale_record_kills_nobody(tmp_path: Path) -> None:
    """After a reboot the recorded pid may be anybody's."""
    with subprocess.Popen(SLEEPER, stdout=subprocess.PIPE, start_new_session=True) as stranger:
        (tmp_path / "run.json").write_text(json.dumps({"tag": "x" * 32, "pid": stranger.pid, "created": 1.0}))
        assert running(tmp_path) == []
        assert stop_recorded(tmp_path) == 0
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("handler", [POLITE, ""], ids=["launcher stops its own", "launcher just dies"])
def test_stop_ends_a_running_launcher_and_what_it_leaves(tmp_path: Path, handler: str) -> None:
    """`make stop` asks the launcher first, then ends what is left."""
    script = LAUNCHER.replace("{handler}", handler)
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as launcher:
        assert launcher.stdout is not None
        assert launcher.stdout.readline() == b"up\n"
        tag = json.loads((tmp_path / "run" / "run.json").read_text())["tag"]
        assert len(running(tmp_path / "run")) == 2
        assert stop_recorded(tmp_path / "run") == 2
        assert launcher.wait(30) in (0, -signal.SIGTERM)
    assert _tagged(tag) == []
    assert running(tmp_path / "run") == []
