"""The command line's part for the registry: `vigil sources check|list|add`, and a crawl without Airflow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from processing.config import Settings, load_config
from processing.errors import ConfigError, VigilError
from scrapers.registry import Registry, RegistryError, load_registry


@click.group()
def sources() -> None:
    """The registry of sites and channels, and their health."""


@sources.command("check")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--offline", is_flag=True, help="Validate the YAML only; ask no source.")
def sources_check(folders: tuple[Path, ...], offline: bool) -> None:
    """Validate the registry (every fault with file, entry, field and mend), then ask each source once."""
    settings = Settings.from_env()
    config = load_config(settings.config_file)
    for folder in folders or (settings.sources_dir,):
        registry = load_registry(folder)
        if unknown := sorted(set(registry.groups()) - set(config.groups)):
            raise ConfigError(f"{folder}: group {', '.join(unknown)} is not under groups: of {settings.config_file}")
        click.echo(f"{folder}: {len(registry.sources)} sources, all valid")
        if not offline:
            _ask_sources(folder, registry, config.user_agent)


def _ask_sources(folder: Path, registry: Registry, user_agent: str) -> None:
    """One throw-away crawl of each source: nothing is stored, the frontier is not touched."""
    with tempfile.TemporaryDirectory(prefix="vigil-check-") as scratch:
        report = run_crawl(sorted(registry.sources), folder, Path(scratch), None, user_agent)
    for source_id, health in sorted(report["sources"].items()):
        click.echo(f"  {source_id:<28} {health['verdict']:<13} {health.get('error') or ''}")


@sources.command("list")
def sources_list() -> None:
    """Every source with its verdict, last success and last error."""
    from scrapers.frontier import Frontier

    settings = Settings.from_env()
    registry = load_registry(settings.sources_dir)
    health = Frontier(settings.ledger_url).health()
    for source_id in sorted(registry.sources):
        source, row = registry[source_id], health.get(source_id)
        seen = f"{row.verdict:<13} {_ago(row.last_success_at):<12} {row.last_error or ''}" if row else "not crawled yet"
        click.echo(f"{source_id:<28} {source.kind:<9} {source.lang}  {source.group:<9} {seen}")


@sources.command("add")
@click.option("--file", "file", required=True, type=click.Path(path_type=Path), help="YAML file to append to.")
@click.option("--id", "source_id", required=True)
@click.option("--name", required=True)
@click.option("--kind", required=True, type=click.Choice(["feed", "sitemap", "listing", "telegram"]))
@click.option("--url", required=True)
@click.option("--lang", required=True, type=click.Choice(["en", "ru", "uk"]))
@click.option("--group", required=True, help="Schedule group of config/vigil.yaml.")
@click.option("--grade", default="C3", show_default=True, help="Admiralty grade.")
@click.option("--region", help="ISO 3166-2 of the region it belongs to.")
@click.option("--hosts", multiple=True, help="Another host its articles are on; may be repeated.")
def sources_add(file: Path, source_id: str, hosts: tuple[str, ...], **fields: str | None) -> None:
    """Append a source to a registry file; nothing is written unless the whole registry stays valid."""
    import yaml

    entry: dict[str, Any] = {"id": source_id, **{k: v for k, v in fields.items() if v is not None}}
    if hosts:
        entry["hosts"] = list(hosts)
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(before + yaml.safe_dump([entry], allow_unicode=True, sort_keys=False), encoding="utf-8")
    try:
        load_registry(file.parent)
    except RegistryError:
        file.write_text(before, encoding="utf-8") if before else file.unlink()
        raise
    click.echo(f"{file}: added {source_id}; check it with `vigil sources check {file.parent}`")


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return "never"
    minutes = int((datetime.now(UTC) - moment).total_seconds() // 60)
    return f"{minutes} min ago" if minutes < 120 else f"{minutes // 60} h ago"


def run_crawl(
    ids: list[str], folder: Path, out: Path | None, ledger_url: str | None, user_agent: str
) -> dict[str, Any]:
    """One crawl in a process of its own. With `out` and no ledger, the frontier is one of its own under `out`.

    The ledger's URL, which may hold a password, goes by the environment: arguments are for all to see.
    """
    now = datetime.now(UTC)
    argv = [
        sys.executable, "-m", "scrapers.run", "--batch-id", f"manual-{now:%Y%m%dt%H%M%S%f}", "--group", "manual",
        "--date", f"{now:%Y-%m-%d}", "--sources", ",".join(ids), "--sources-dir", str(folder),
        "--user-agent", user_agent, *(["--out", str(out)] if out else []),
    ]
    env = {k: v for k, v in os.environ.items() if k != "VIGIL_LEDGER_URL"}
    if ledger_url:
        env["VIGIL_LEDGER_URL"] = ledger_url
    done = subprocess.run(argv, env=env, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise VigilError(f"the crawl ended with exit code {done.returncode}; its log is above")
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report
