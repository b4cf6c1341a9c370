"""`vigil run`: the whole pipeline on one machine, from an empty folder to a delivered alert."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processing.config import HOME
from processing.embedded.children import Children, running, stop_recorded
from processing.embedded.seaweed import is_free, start_seaweed, wait_ready
from processing.errors import ConfigError
from processing.ledger import Ledger

MIN_FREE_BYTES = 1 << 30
AIRFLOW_COMPONENTS = {
    "api-server": ["api-server", "--host", "127.0.0.1", "--workers", "1"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}


@dataclass(frozen=True)
class Ports:
    """Loopback ports; each can be moved by the environment variable named in PORT_VARIABLES."""

    ui: int = 8080
    s3: int = 8333
    demo: int = 8765
    inbox: int = 8025
    smtp: int = 1025


PORT_VARIABLES = {
    "ui": ("Airflow UI", "VIGIL_UI_PORT"),
    "s3": ("S3 server", "VIGIL_S3_PORT"),
    "demo": ("demo web", "VIGIL_DEMO_PORT"),
    "inbox": ("demo inbox", "VIGIL_INBOX_PORT"),
    "smtp": ("mail catcher", "VIGIL_SMTP_PORT"),
}


def ports_from_env() -> Ports:
    """Ports with the environment's changes. Raises ConfigError for what is not a port."""
    chosen: dict[str, int] = {}
    for name, (_, variable) in PORT_VARIABLES.items():
        value = os.environ.get(variable)
        if value is None:
            continue
        if not value.isdigit() or not 0 < int(value) < 65536:
            raise ConfigError(f"{variable}={value!r} is not a port; use a number from 1024 to 65535")
        chosen[name] = int(value)
    return Ports(**chosen)


class Progress:
    """One line a step, with what came of it and the seconds it took."""

    def __init__(self, total: int) -> None:
        self.total, self.number, self.start = total, 0, time.monotonic()

    @contextmanager
    def step(self, title: str) -> Iterator[Callable[[str], None]]:
        """Print the step's line; the block calls the given function with what came of it."""
        self.number += 1
        began, outcome = time.monotonic(), ["ready"]
        print(f"[{self.number}/{self.total}] {title:<34}", end="", flush=True)  # noqa: T201  # the command's own output

        def done(text: str) -> None:
            outcome[0] = text

        try:
            yield done
        except BaseException:
            print("failed", flush=True)  # noqa: T201
            raise
        print(f"{time.monotonic() - began:6.1f} s  {outcome[0]}", flush=True)  # noqa: T201

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start


@dataclass
class Stack:
    """Everything `vigil run` starts, and where it keeps its data.

    `sources` is the registry folder to crawl; None means the demo web.
    """

    home: Path
    sources: Path | None
    ports: Ports
    var: Path = field(init=False)
    children: Children = field(init=False)
    secret: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.var = Path(os.environ.get("VIGIL_VAR", self.home / "var"))
        self.children = Children(self.var / "run", self.var / "log")

    # -- before anything starts ------------------------------------------------------------------

    def preflight(self) -> None:
        """Refuse early, in one line each: already running, no disk, a port in use."""
        if alive := running(self.children.run_dir):
            raise ConfigError(f"already running ({len(alive)} processes); say `make stop` first, or use what is up")
        self.var.mkdir(parents=True, exist_ok=True)
        if (free := shutil.disk_usage(self.var).free) < MIN_FREE_BYTES:
            raise ConfigError(f"{self.var}: only {free >> 20} MiB free; make room for 1 GiB or set VIGIL_VAR elsewhere")
        for name, (title, variable) in PORT_VARIABLES.items():
            if name == "demo" and self.sources:
                continue
            port = getattr(self.ports, name)
            if not is_free("127.0.0.1", port):
                raise ConfigError(
                    f"port {port} ({title}) is in use; stop the program that has it, "
                    f"or say {variable}={port + 1000} make run"
                )
        self.secret = self._secrets()

    def _secrets(self) -> dict[str, str]:
        """Generated once, kept with mode 0600 under var/."""
        file = self.var / "secrets.json"
        if not file.exists():
            made = {
                "s3_access_key": secrets.token_hex(10),
                "s3_secret_key": secrets.token_hex(20),
                "ui_password": secrets.token_urlsafe(12),
                "jwt": secrets.token_hex(32),
                "api": secrets.token_hex(32),
                "fernet": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                "slack": "xoxb-" + secrets.token_hex(12),
            }
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
                json.dump(made, handle)
        loaded: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return loaded

    # -- the environment of every child ----------------------------------------------------------

    def environment(self) -> dict[str, str]:
        """The caller's environment with the stack's settings; a connection the caller set is kept."""
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', '')}"
        env.update(self._lake_environment())
        env.update(self._airflow_environment())
        for name, value in self._connections().items():
            env.setdefault(name, value)
        return env

    def _lake_environment(self) -> dict[str, str]:
        ledger = self.var / "ledger.sqlite"
        return {
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.ports.s3}",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.ports.s3}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": self.secret["s3_access_key"],
            "AWS_SECRET_ACCESS_KEY": self.secret["s3_secret_key"],
            "VIGIL_BUCKET": "vigil",
            "VIGIL_LEDGER_URL": f"sqlite:///{ledger}",
            "VIGIL_SOURCES": str(self.sources or self.var / "demo-sources"),
            "VIGIL_CONFIG": os.environ.get("VIGIL_CONFIG", str(self.home / "config" / "vigil.yaml")),
            "VIGIL_ALLOW_HOSTS": "" if self.sources else f"127.0.0.1:{self.ports.demo}",
        }

    def _publish_environment(self) -> None:
        """For `vigil` commands beside the running stack; holds the S3 secret, hence mode 0600."""
        file = self.var / "env.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(self._lake_environment()), encoding="utf-8")

    def _airflow_environment(self) -> dict[str, str]:
        airflow = self.var / "airflow"
        base = f"http://127.0.0.1:{self.ports.ui}"
        return {
            "AIRFLOW_HOME": str(airflow),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.home / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.home / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",  # 32 locks SQLite and kills the scheduler
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__FERNET_KEY": self.secret["fernet"],
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(airflow / "passwords.json"),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{base}/execution/",
            "AIRFLOW__CORE__TEST_CONNECTION": "Disabled",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{airflow / 'airflow.db'}",
            "AIRFLOW__API__PORT": str(self.ports.ui),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__BASE_URL": base,
            "AIRFLOW__API__SECRET_KEY": self.secret["api"],
            "AIRFLOW__API__EXPOSE_CONFIG": "False",
            "AIRFLOW__API_AUTH__JWT_SECRET": self.secret["jwt"],
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.var / "log" / "tasks"),
        }

    def _connections(self) -> dict[str, str]:
        smtp = {
            "conn_type": "smtp", "host": "127.0.0.1", "port": self.ports.smtp,
            "extra": {"disable_ssl": True, "disable_tls": True},
        }
        slack = {
            "conn_type": "slack", "password": self.secret["slack"],
            "extra": {"base_url": f"http://127.0.0.1:{self.ports.inbox}/api/"},
        }
        return {"AIRFLOW_CONN_VIGIL_SMTP": json.dumps(smtp), "AIRFLOW_CONN_VIGIL_SLACK": json.dumps(slack)}

    # -- the steps -------------------------------------------------------------------------------

    def start_store(self) -> str:
        """SeaweedFS on disk, its bucket, and the proof that conditional writes are honoured."""
        process = start_seaweed(
            self.var / "seaweed", "127.0.0.1", self.ports.s3, self.secret["s3_access_key"],
            self.secret["s3_secret_key"], self.children.log_path("s3"),
        )
        self.children.adopt("s3", process)
        os.environ.update(self._lake_environment())
        self._publish_environment()
        wait_ready("127.0.0.1", self.ports.s3, process)
        self._vigil("lake", "init")
        return f"http://127.0.0.1:{self.ports.s3}, bucket vigil, conditional writes hold"

    def start_demo(self) -> str:
        """The demo web, and a copy of its registry with the port in use."""
        folder = self.var / "demo-sources"
        folder.mkdir(parents=True, exist_ok=True)
        for file in (self.home / "config" / "demo").glob("*.yaml"):
            text = file.read_text(encoding="utf-8").replace("127.0.0.1:8765", f"127.0.0.1:{self.ports.demo}")
            (folder / file.name).write_text(text, encoding="utf-8")
        self._module("demo-web", "processing.embedded.demo_web", "--port", str(self.ports.demo),
                     "--state", str(self.var / "demo"))
        self._await_http(f"http://127.0.0.1:{self.ports.demo}/", "demo-web")
        return f"http://127.0.0.1:{self.ports.demo}/"

    def start_inbox(self) -> str:
        """Mail and Slack catchers with the page where messages can be looked at."""
        self._module("inbox", "processing.embedded.catchers", "--http-port", str(self.ports.inbox),
                     "--smtp-port", str(self.ports.smtp), "--state", str(self.var / "inbox"))
        self._await_http(f"http://127.0.0.1:{self.ports.inbox}/", "inbox")
        return f"http://127.0.0.1:{self.ports.inbox}/"

    def prepare_airflow(self) -> str:
        """Airflow's own database and pools, once per Airflow version."""
        airflow = self.var / "airflow"
        airflow.mkdir(parents=True, exist_ok=True)
        (airflow / "passwords.json").write_text(json.dumps({"admin": self.secret["ui_password"]}), encoding="utf-8")
        (airflow / "passwords.json").chmod(0o600)
        stamp = airflow / "migrated"
        pools = self.home / "config" / "airflow-pools.json"
        wanted = f"{_airflow_version()} {pools.stat().st_mtime_ns}"
        if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
            return "up to date"
        self._airflow("db", "migrate")
        self._airflow("pools", "import", str(pools))
        stamp.write_text(wanted, encoding="utf-8")
        return "migrated"

    def start_airflow(self) -> str:
        """Scheduler, DAG processor, triggerer and API server; returns when all report healthy."""
        for name in AIRFLOW_COMPONENTS:
            self._start_component(name)
        deadline = time.monotonic() + 180
        waiting: dict[str, Any] = {}
        while time.monotonic() < deadline:
            self._fail_if_dead()
            waiting = {n: h.get("status") for n, h in self._health().items() if h.get("status") != "healthy"}
            if not waiting and self._health():
                return f"http://127.0.0.1:{self.ports.ui}/"
            time.sleep(0.5)
        raise ConfigError(f"Airflow is not healthy after 180 s ({waiting}); look into {self.children.log_dir}/*.log")

    def _start_component(self, name: str) -> None:
        argv = [sys.executable, "-m", "airflow", *AIRFLOW_COMPONENTS[name]]
        self.children.start(name, argv, self.environment(), self.home)

    def first_crawl(self) -> str:
        """Wait until the DAGs are known, then start one run of each crawl without waiting for its minute."""
        deadline = time.monotonic() + 120
        dags: list[str] = []
        while time.monotonic() < deadline and not any(d.startswith("crawl_") for d in dags):
            self._fail_if_dead()
            dags = [d["dag_id"] for d in self._api("GET", "/api/v2/dags?limit=100").get("dags", [])]
            time.sleep(0.5)
        crawls = [d for d in dags if d.startswith("crawl_")]
        if not crawls:
            raise ConfigError(f"no crawl DAG after 120 s; look into {self.children.log_path('dag-processor')}")
        for dag_id in crawls:
            self._api("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None})
        return f"{len(dags)} DAGs: {', '.join(sorted(dags))}"

    def await_alert(self) -> str:
        """Block until the outbox has sent something and holds nothing more; after ten minutes say so and go on."""
        ledger = Ledger.open(self._lake_environment()["VIGIL_LEDGER_URL"])
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            self._fail_if_dead()
            states = Counter(row.state for row in ledger.deliveries())
            if states["sent"] and not states["pending"] + states["sending"]:
                kinds = Counter(row.kind for row in ledger.deliveries("sent"))
                return ", ".join(f"{n} by {kind}" for kind, n in sorted(kinds.items()))
            time.sleep(0.5)
        found = dict(states) or "nothing found"
        return f"NONE after 10 minutes ({found}): look at the DAG runs and `vigil alerts list`"

    # -- while it is up --------------------------------------------------------------------------

    def keep_up(self) -> None:
        """Stay until Ctrl-C; an Airflow component that ends by itself is started again, with a word about it."""
        while True:
            for name, code in self.children.dead().items():
                line = f"{name} ended with {code}; starting it again (log: {self.children.log_path(name)})"
                print(line, flush=True)  # noqa: T201
                if name not in AIRFLOW_COMPONENTS:
                    raise ConfigError(f"{name} ended with {code}; see {self.children.log_path(name)}")
                self._start_component(name)
            time.sleep(2)

    def _fail_if_dead(self) -> None:
        for name, code in self.children.dead().items():
            raise ConfigError(f"{name} ended with {code}; see {self.children.log_path(name)}")

    def _module(self, name: str, module: str, *args: str) -> None:
        self.children.start(name, [sys.executable, "-m", module, *args], self.environment(), self.home)

    def _vigil(self, *args: str) -> None:
        self._once([sys.executable, "-m", "processing", *args], "vigil " + " ".join(args))

    def _airflow(self, *args: str) -> None:
        self._once([sys.executable, "-m", "airflow", *args], "airflow " + " ".join(args))

    def _once(self, argv: list[str], title: str) -> None:
        done = subprocess.run(argv, env=self.environment(), cwd=self.home, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ConfigError(f"`{title}` failed: {(done.stderr.strip() or done.stdout.strip())[-800:]}")

    def _await_http(self, url: str, name: str) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            self._fail_if_dead()
            if _get(url) is not None:
                return
            time.sleep(0.1)
        raise ConfigError(f"{name} does not answer at {url}; see {self.children.log_path(name)}")

    def _health(self) -> dict[str, Any]:
        return _get_json(f"http://127.0.0.1:{self.ports.ui}/api/v2/monitor/health") or {}

    def _api(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        base = f"http://127.0.0.1:{self.ports.ui}"
        login = {"username": "admin", "password": self.secret["ui_password"]}
        token = _request("POST", f"{base}/auth/token", login)["access_token"]
        return _request(method, base + path, body, {"Authorization": f"Bearer {token}"})


def run(sources: Path | None) -> int:
    """Start everything, wait for the first alert (demo), say where to look, stay until Ctrl-C."""
    stack = Stack(HOME, sources.resolve() if sources else None, ports_from_env())
    stack.preflight()
    for number in (signal.SIGTERM, signal.SIGHUP):  # `make stop`, and a terminal that is closed
        signal.signal(number, _interrupt)
    stack.children.begin()
    try:
        _bring_up(stack)
        stack.keep_up()
    except KeyboardInterrupt:
        print("\nstopping ...", flush=True)  # noqa: T201
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        stopped = stack.children.stop_all()
        (stack.var / "env.json").unlink(missing_ok=True)
        print(f"stopped {stopped} processes; data is kept in {stack.var}", flush=True)  # noqa: T201
    return 0


def stop() -> int:
    """End what an earlier run left."""
    var = Path(os.environ.get("VIGIL_VAR", HOME / "var"))
    stopped = stop_recorded(var / "run")
    (var / "env.json").unlink(missing_ok=True)
    print(f"stopped {stopped} processes" if stopped else "nothing was running")  # noqa: T201
    return 0


def _bring_up(stack: Stack) -> None:
    steps: list[tuple[str, Callable[[], str]]] = [("S3 server (SeaweedFS)", stack.start_store)]
    if stack.sources is None:
        steps.append(("demo web", stack.start_demo))
    steps += [
        ("mail and Slack catchers", stack.start_inbox),
        ("Airflow database", stack.prepare_airflow),
        ("Airflow", stack.start_airflow),
        ("DAGs, first crawl", stack.first_crawl),
    ]
    if stack.sources is None:
        steps.append(("first alert delivered", stack.await_alert))
    progress = Progress(len(steps))
    for title, action in steps:
        with progress.step(title) as done:
            done(action())
    _where_to_look(stack, progress.elapsed())


def _where_to_look(stack: Stack, seconds: float) -> None:
    lines = [
        "",
        f"up after {seconds:.0f} s. Look at:",
        f"  alert, as rendered   http://127.0.0.1:{stack.ports.inbox}/",
        f"  Airflow UI           http://127.0.0.1:{stack.ports.ui}/",
        f"                       user admin, password {stack.secret['ui_password']}",
        '  the lake             .venv/bin/vigil lake query "select * from disclosures"',
    ]
    if stack.sources is None:
        lines.append(f"  the demo web         http://127.0.0.1:{stack.ports.demo}/")
    else:
        lines.append("  the sources' health  .venv/bin/vigil sources list")
    lines.append("Ctrl-C stops everything and keeps the data.")
    print("\n".join(lines), flush=True)  # noqa: T201


def _interrupt(_signum: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _airflow_version() -> str:
    from importlib.metadata import version

    return version("apache-airflow")


def _get(url: str) -> bytes | None:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # loopback addresses built above
            body: bytes = answer.read()
            return body
    except (urllib.error.URLError, OSError):
        return None


def _get_json(url: str) -> dict[str, Any] | None:
    body = _get(url)
    if body is None:
        return None
    loaded: dict[str, Any] = json.loads(body)
    return loaded


def _request(method: str, url: str, body: object = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """JSON over loopback; a 5xx of an API server that is still warming up is asked again."""
    data = None if body is None else json.dumps(body).encode()
    for attempt in range(10):
        request = urllib.request.Request(  # noqa: S310  # loopback addresses built above
            url, data, {"Content-Type": "application/json", **(headers or {})}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                loaded: dict[str, Any] = json.loads(answer.read())
                return loaded
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == 9:
                raise ConfigError(f"{method} {url} answered {error.code}: {error.read()[:300]!r}") from None
        except (urllib.error.URLError, OSError) as error:
            if attempt == 9:
                raise ConfigError(f"{method} {url}: {error}") from None
        time.sleep(1)
    raise AssertionError("unreachable")
