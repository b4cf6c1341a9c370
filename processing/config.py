"""config/vigil.yaml and the environment: where things are, which regions are tracked, who hears of what."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from processing.errors import ConfigError
from processing.models import Group, Measure, Novelty
from scrapers.registry import known_regions

HOME = Path(__file__).resolve().parent.parent
OPERATIONS = "operations"  # name of the route that hears of sources


class _Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScheduleGroup(_Config):
    """How often the sources of a group are asked, and how many share one crawl task."""

    schedule: str  # cron
    batch_size: int = Field(1, ge=1, le=500)
    timeout_minutes: int = Field(10, ge=1)
    slowest_minutes: int | None = Field(None, ge=1)  # a source that publishes rarely is asked at least so often


class EmailReceiver(_Config):
    kind: Literal["email"]
    connection: str = "vigil_smtp"  # Airflow connection
    sender: str
    to: tuple[str, ...] = Field(min_length=1)


class SlackReceiver(_Config):
    kind: Literal["slack"]
    connection: str = "vigil_slack"
    channel: str


Receiver = Annotated[EmailReceiver | SlackReceiver, Field(discriminator="kind")]


class Route(_Config):
    """Which disclosures go to which receivers. `regions` matches origin or place."""

    name: str
    regions: tuple[str, ...] | Literal["tracked"] = "tracked"
    measures: tuple[Measure, ...] = (Measure.KILLED, Measure.WOUNDED, Measure.MISSING, Measure.CAPTURED)
    groups: tuple[Group, ...] = tuple(Group)
    novelties: tuple[Novelty, ...] = (
        Novelty.NEW, Novelty.UPDATE_UP, Novelty.UPDATE_DOWN, Novelty.CORRECTION, Novelty.RETRACTION,
    )
    min_confidence: float = Field(0.5, ge=0, le=1)
    receivers: tuple[str, ...] = Field(min_length=1)
    lang: Literal["en", "ru", "uk"] = "en"  # of the headline
    timezone: str = "UTC"


class Operations(_Config):
    """Who hears how the sources fare: a verdict that changes. Without it nobody is told; the UI shows it."""

    receivers: tuple[str, ...] = Field(min_length=1)
    lang: Literal["en", "ru", "uk"] = "en"
    timezone: str = "UTC"

    @property
    def name(self) -> str:
        """As a route."""
        return OPERATIONS


class Windows(_Config):
    age_gate_hours: float = Field(48, gt=0)  # older articles are recorded, and page nobody
    update_group_seconds: float = Field(60, ge=0)
    flood_threshold: int = Field(10, ge=1)  # more pending for a channel in a minute become one digest
    match_days: int = Field(14, ge=1)  # how far apart reports of one incident may be published


class VigilConfig(_Config):
    """config/vigil.yaml."""

    user_agent: str
    tracked_regions: tuple[str, ...]
    groups: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$")], ScheduleGroup]
    receivers: dict[str, Receiver]
    routes: tuple[Route, ...]
    operations: Operations | None = None
    windows: Windows = Windows()
    message_id_domain: str = "vigil.invalid"


class Settings(_Config):
    """The environment of a process."""

    config_file: Path
    sources_dir: Path
    ledger_url: str
    bucket: str
    prefix: str

    @classmethod
    def from_env(cls) -> Settings:
        """VIGIL_CONFIG, VIGIL_SOURCES, VIGIL_LEDGER_URL, VIGIL_BUCKET, VIGIL_PREFIX, with project defaults."""
        env = os.environ
        return cls(
            config_file=Path(env.get("VIGIL_CONFIG", HOME / "config" / "vigil.yaml")),
            sources_dir=Path(env.get("VIGIL_SOURCES", HOME / "config" / "sources")),
            ledger_url=env.get("VIGIL_LEDGER_URL", f"sqlite:///{HOME / 'var' / 'ledger.sqlite'}"),
            bucket=env.get("VIGIL_BUCKET", "vigil"),
            prefix=env.get("VIGIL_PREFIX", ""),
        )


def load_config(file: Path) -> VigilConfig:
    """Read and cross-check config/vigil.yaml. Raises ConfigError naming every fault with file and field."""
    try:
        data: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{file}: not found; set VIGIL_CONFIG or restore config/vigil.yaml") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from None
    try:
        config = VigilConfig.model_validate(data)
    except ValidationError as error:
        lines = [f"{file}: {'.'.join(map(str, e['loc']))}: {e['msg']} (got {e['input']!r:.80})" for e in error.errors()]
        raise ConfigError("\n".join(lines)) from None
    faults = [
        f"{file}: routes.{route.name}.receivers: {name!r} is not under receivers:"
        for route in config.routes for name in route.receivers if name not in config.receivers
    ]
    if config.operations:
        faults += [
            f"{file}: operations.receivers: {name!r} is not under receivers:"
            for name in config.operations.receivers if name not in config.receivers
        ]
    if any(route.name == OPERATIONS for route in config.routes):
        faults.append(f"{file}: routes: the name {OPERATIONS!r} is that of operations:; use another")
    regions = known_regions(HOME / "config" / "regions.yaml")
    named = set(config.tracked_regions)
    named.update(r for route in config.routes if route.regions != "tracked" for r in route.regions)
    faults += [f"{file}: region {r!r} is not in config/regions.yaml" for r in sorted(named - regions)]
    if faults:
        raise ConfigError("\n".join(faults))
    return config
