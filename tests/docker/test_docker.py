"""The cluster files hold together: structure only, since no Docker engine is needed for the tests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

DOCKER = Path(__file__).parent.parent.parent / "docker"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """compose.yaml with its anchors merged."""
    loaded: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def test_every_secret_must_be_given(compose: dict[str, Any]) -> None:
    """No password, key or token has a default."""
    text = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
    names = set(re.findall(r"\$\{(VIGIL_[A-Z0-9_]*(?:KEY|SECRET|PASSWORD))", text))
    required = set(re.findall(r"\$\{(VIGIL_[A-Z0-9_]+):\?", text))
    assert len(names) >= 6
    assert names <= required
    listed = set(re.findall(r"^#? ?(VIGIL_[A-Z0-9_]+)=", (DOCKER / "env.example").read_text(encoding="utf-8"), re.M))
    assert names <= listed
    assert compose["secrets"]["ui_passwords"]


def test_ports_are_published_on_loopback_only(compose: dict[str, Any]) -> None:
    """Nothing listens to the outside unless the operator puts a proxy before it."""
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_all_airflow_components_and_their_servers_are_there(compose: dict[str, Any]) -> None:
    """Components, worker, stores and catcher; every stateful server has a health check."""
    services = compose["services"]
    assert {"api-server", "scheduler", "dag-processor", "triggerer", "worker", "init"} <= set(services)
    for name in ("postgres", "redis", "seaweedfs"):
        assert services[name]["healthcheck"]
    images = [service["image"] for service in services.values() if "image" in service]
    assert all(":" in image and not image.endswith(":latest") for image in images)


def test_the_image_is_pinned_locked_and_not_root() -> None:
    """A tag, the locked requirements with hashes, and an unprivileged user at the end."""
    lines = (DOCKER / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert re.match(r"FROM apache/airflow:\d+\.\d+\.\d+-python3\.\d+$", next(x for x in lines if x.startswith("FROM")))
    assert any("--require-hashes" in line for line in lines)
    assert [line for line in lines if line.startswith("USER")][-1] == "USER airflow"
    copied = [line.split()[-2] for line in lines if line.startswith("COPY")]
    assert all((DOCKER.parent / name).exists() for name in copied)


def test_chart_values_name_the_executor_and_no_secret() -> None:
    """Secrets are referred to by name."""
    values = yaml.safe_load((DOCKER / "helm-values.yaml").read_text(encoding="utf-8"))
    assert values["executor"] == "KubernetesExecutor"
    assert values["fernetKeySecretName"]
    assert "password" not in str(values).lower()
