"""The command line's part for the registry: `vigil sources check|list|coverage|add`, and a crawl without Airflow."""

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
from scrapers.registry import Registry, load_registry


@click.group()
def sources() -> None:
    """The registry of sites and channels, and their health."""


@sources.command("check")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--offline", is_flag=True, help="Validate the YAML only; ask no source.")
@click.option("--learn", "learns", is_flag=True, help="Propose `expect` from the ledger's history; ask no source.")
@click.option("--write", is_flag=True, help="With --learn: put the proposals into the files.")
def sources_check(folders: tuple[Path, ...], offline: bool, learns: bool, write: bool) -> None:
    """Validate the registry (every fault with file, entry, field and mend), then ask each source once."""
    if write and not learns:
        raise click.UsageError("--write goes with --learn")
    settings = Settings.from_env()
    config = load_config(settings.config_file)
    for folder in folders or (settings.sources_dir,):
        registry = load_registry(folder)
        if unknown := sorted(set(registry.groups()) - set(config.groups)):
            raise ConfigError(f"{folder}: group {', '.join(unknown)} is not under groups: of {settings.config_file}")
        click.echo(f"{folder}: {len(registry.sources)} sources, all valid")
        if learns:
            _learn(folder, registry, settings, write)
        elif not offline:
            _ask_sources(folder, registry, config.user_agent)


def _learn(folder: Path, registry: Registry, settings: Settings, write: bool) -> None:
    """Print what the sources' history proposes, and write it if asked to."""
    from processing.sources import LEAST_LEARNT, learn, write_expect
    from scrapers.frontier import Frontier

    frontier = Frontier(settings.ledger_url)
    try:
        found = list(learn(registry, frontier, datetime.now(UTC)))
    finally:
        frontier.close()
    for each in found:
        click.echo(f"- id: {each.source.id}  # {each.lowest} to {each.highest} new a day in {each.days} days")
        click.echo(f"  {each.line}")
    if not found:
        click.echo(f"nothing to propose: it takes {LEAST_LEARNT} whole days, and another rhythm than stated")
    for file in write_expect(folder, found) if write else ():
        click.echo(f"{file}: written")


def _ask_sources(folder: Path, registry: Registry, user_agent: str) -> None:
    """One throw-away crawl of each source: nothing is stored, the frontier is not touched."""
    with tempfile.TemporaryDirectory(prefix="vigil-check-") as scratch:
        report = run_crawl(sorted(registry.sources), folder, Path(scratch), None, user_agent)
    for source_id, health in sorted(report["sources"].items()):
        click.echo(f"  {source_id:<28} {health['verdict']:<13} {health.get('error') or ''}")


@sources.command("list")
def sources_list() -> None:
    """Every source with its verdict, last success, next poll, ids of posts never seen, and why."""
    from processing.ledger import Ledger
    from processing.sources import source_rows

    settings = Settings.from_env()
    for row in source_rows(settings, Ledger.open(settings.ledger_url)):
        source = row.source
        seen = "not crawled yet" if source.enabled else "not enabled"
        if row.verdict is not None:
            missing = f"{row.never_seen} never seen" if row.never_seen else ""
            seen = (
                f"{row.verdict:<13} {_ago(row.last_success_at):<12} next {_until(row.next_poll_at):<10} "
                f"{missing:<16} {row.reason}"
            )
        click.echo(f"{source.id:<28} {source.kind:<9} {source.lang}  {source.group:<9} {seen}".rstrip())


@sources.command("coverage")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--missing", is_flag=True, help="Only regions without an official channel or without an outlet.")
def sources_coverage(folder: Path | None, missing: bool) -> None:
    """Regions with their official channels and outlets, and what is not there."""
    from processing.config import HOME
    from scrapers.coverage import coverage
    from scrapers.registry import known_regions

    registry = load_registry(folder or Settings.from_env().sources_dir)
    regions = coverage(registry, known_regions(HOME / "config" / "regions.yaml"))
    for region in regions:
        if not (missing and region.whole):
            lacks = f"  no {region.missing}" if region.missing else ""
            click.echo(f"{region.code:<7} {len(region.officials):>2} official {len(region.outlets):>3} outlets{lacks}")
    for country, name in (("RU", "Russia"), ("UA", "Ukraine"), ("", "all")):
        some = [region for region in regions if region.code.startswith(country)]
        heard, told = sum(bool(r.officials) for r in some), sum(bool(r.outlets) for r in some)
        both = sum(r.whole for r in some)
        click.echo(f"{name}: {len(some)} regions, {heard} have an official channel, {told} an outlet, {both} both")


@sources.command("add")
@click.argument("url")
@click.option("--file", "file", type=click.Path(path_type=Path), help="YAML file to append to; else by the naming.")
@click.option("--dry-run", is_flag=True, help="Show the entry, write nothing.")
@click.option("--id", help="Else made of the host or channel.")
@click.option("--name", help="As readers know it; else the page's title.")
@click.option("--kind", type=click.Choice(["feed", "sitemap", "listing", "telegram"]), help="Else the best there is.")
@click.option("--lang", type=click.Choice(["en", "ru", "uk"]), help="Else as recognised.")
@click.option("--group", help="Schedule group of config/vigil.yaml; else official, regional, channels or news.")
@click.option("--grade", help="Admiralty grade; else C3, or B2 with --office.")
@click.option("--region", help="ISO 3166-2 of the region it belongs to.")
@click.option("--office", help="It is an official's own channel: of which office, as in governor.")
@click.option("--person", help="Who holds the office.")
@click.option("--institution", help="As in Government of Pskov region.")
@click.option("--hosts", multiple=True, help="Another host its articles are on; may be repeated.")
def sources_add(url: str, file: Path | None, dry_run: bool, kind: str | None, **said: Any) -> None:
    """Inspect a site or channel, and append what was found to the registry, for review.

    Asks the page, its feeds and sitemaps once, as guardedly as a crawl. Nothing is written unless the whole registry
    stays valid.
    """
    from scrapers import new_entry

    settings = Settings.from_env()
    config = load_config(settings.config_file)
    found = _inspect(url, config.user_agent)
    for way in found.ways:
        click.echo(f"  found {way.url}: {new_entry.summary(way)}")
    for channel in found.channels[:10]:
        click.echo(f"  links to the channel https://t.me/{channel}")
    for fault in found.faults:
        click.echo(f"  {fault}")
    try:
        way = new_entry.choose(found, kind)
        entry = new_entry.compose(found, way, said, datetime.now(UTC).date())
    except new_entry.IncompleteError as error:
        raise ConfigError(str(error)) from None
    if entry["group"] not in config.groups:
        raise ConfigError(f"--group {entry['group']}: not under groups: of {settings.config_file}")
    target = file or settings.sources_dir / new_entry.default_file(entry)
    if dry_run:
        import yaml

        click.echo(yaml.safe_dump([entry], allow_unicode=True, sort_keys=False, default_flow_style=None, width=400))
    else:
        click.echo(f"{target}: added, please review:\n{new_entry.append(target, entry)}")
    if way.own < way.links:
        click.echo(f"{way.links - way.own} of {way.links} links lead to {', '.join(way.hosts)} and would be skipped; "
                   "if that is the outlet's own site, add it with --hosts")


def _inspect(url: str, user_agent: str) -> Any:
    """The Inspection of an address, made in a process of its own."""
    from scrapers.new_entry import Inspection

    argv = [sys.executable, "-m", "scrapers.inspect_site", url, "--user-agent", user_agent]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode == 2 or not done.stdout.strip():
        raise ConfigError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"{url}: not inspected")
    return Inspection.model_validate_json(done.stdout.splitlines()[-1])


def _until(moment: datetime | None) -> str:
    if moment is None:
        return "each run"
    minutes = max(0, round((moment - datetime.now(UTC)).total_seconds() / 60))
    return f"in {minutes} min" if minutes < 120 else f"in {minutes // 60} h"


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
