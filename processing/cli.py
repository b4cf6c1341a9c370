"""The command line `vigil`: look at, run and mend every stage without Airflow."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from processing.cli_sources import run_crawl, sources
from processing.config import HOME, Settings, load_config
from processing.errors import ConfigError, VigilError
from scrapers.registry import RegistryError, load_registry

if TYPE_CHECKING:
    from processing.alert.outbox import Outbox
    from processing.ledger import Ledger
    from processing.ledger.store import DeliveryRow


class _Cli(click.Group):
    """Turns the project's own errors into one clear message and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; configuration and outside failures are messages, not tracebacks."""
        try:
            return super().invoke(ctx)
        except (VigilError, RegistryError) as error:
            click.echo(f"vigil: {error}", err=True)
            sys.exit(2)


@click.group(cls=_Cli, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="vigil-casualties")
def main() -> None:
    """Notice, within minutes and with the evidence in hand, that an official has disclosed casualties."""
    _adopt_running_stack()


main.add_command(sources)


def _adopt_running_stack() -> None:
    """Beside a running `make run`, use its lake and ledger unless the environment names others."""
    file = Path(os.environ.get("VIGIL_VAR", HOME / "var")) / "env.json"
    if "AWS_ENDPOINT_URL_S3" in os.environ or "VIGIL_BUCKET" in os.environ or not file.exists():
        return
    for name, value in json.loads(file.read_text(encoding="utf-8")).items():
        os.environ.setdefault(name, value)


# -- the embedded stack ------------------------------------------------------------------------------


@main.command()
@click.option("--sources", type=click.Path(path_type=Path), help="Crawl this registry instead of the demo web.")
def run(sources: Path | None) -> None:
    """Start S3, demo web, inbox and Airflow here; wait for the first alert; stay until Ctrl-C."""
    from processing.embedded import launch

    if sources is not None:
        load_registry(sources)
    sys.exit(launch.run(sources))


@main.command()
def stop() -> None:
    """End what an earlier `vigil run` left running."""
    from processing.embedded import launch

    sys.exit(launch.stop())


# -- stages without Airflow --------------------------------------------------------------------------


@main.command()
@click.argument("source_ids", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--out", type=click.Path(path_type=Path), help="Write WARC and index under this folder, not to the lake.")
def crawl(source_ids: tuple[str, ...], out: Path | None) -> None:
    """Crawl sources once, without Airflow."""
    settings = Settings.from_env()
    folder = _folder_with(source_ids, settings.sources_dir, HOME / "config" / "sources")
    agent = load_config(settings.config_file).user_agent
    report = run_crawl(list(source_ids), folder, out, None if out else settings.ledger_url, agent)
    click.echo(json.dumps(report, ensure_ascii=False, indent=2))


def _folder_with(ids: tuple[str, ...], *folders: Path) -> Path:
    """The first registry that knows all the sources: beside a running demo, the shipped one is looked at too."""
    unknown: set[str] = set(ids)
    for folder in dict.fromkeys(folders):
        missing = set(ids) - set(load_registry(folder).sources)
        if not missing:
            return folder
        unknown &= missing
    raise ConfigError(f"no such source: {', '.join(sorted(unknown or ids))} (in {', '.join(map(str, folders))})")


@main.command()
def process() -> None:
    """Clean, detect and resolve every stored batch that is pending, without Airflow."""
    import logging

    from processing.pipeline import open_pipeline

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    counts = open_pipeline().process()
    click.echo(json.dumps(dict(counts)))


@main.command("detect")
@click.option("--jsonl", is_flag=True, required=True, help="Input and output are JSON lines.")
@click.argument("file", default="-", type=click.File("r", encoding="utf-8"))
def detect_command(jsonl: bool, file: IO[str]) -> None:
    """{id,text,title?,lang?,published?,source?} → {id,disclosure,claims:[…]}."""
    from processing.detect.jsonl import detect_jsonl

    _stream(detect_jsonl, file)


@main.command()
@click.option("--jsonl", is_flag=True, required=True, help="Input and output are JSON lines.")
@click.argument("file", default="-", type=click.File("r", encoding="utf-8"))
def novelty(jsonl: bool, file: IO[str]) -> None:
    """Chronological {id,published,source,lang,title,text} → {id,events:[{disclosure,kind,measure,…}]}."""
    from processing.resolve.novelty import novelty_jsonl

    _stream(novelty_jsonl, file)


def _stream(stage: Callable[[Iterable[str]], Iterator[str]], file: IO[str]) -> None:
    for line in stage(file):
        click.echo(line)


@main.command("eval")
@click.argument("labels", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.option("--by", default="lang,slot", show_default=True, help="Break-downs to print: lang, slot, phenomenon.")
@click.option("--html", "page", type=click.Path(dir_okay=False, writable=True, path_type=Path),
              help="Also write an error browser: every wrong text with its spans and rules.")
def eval_command(labels: tuple[Path, ...], as_json: bool, by: str, page: Path | None) -> None:
    """P, R, F1 of counts, slot accuracies, disclosures, false claims per 1,000 negatives."""
    from processing.eval import evaluate_file

    report = evaluate_file(*labels)
    if page is not None:
        from processing.eval_page import write_page

        click.echo(f"{page}: {write_page(report, page)} of {report.rows} texts with an error", err=True)
    click.echo(json.dumps(report.to_json(), indent=2) if as_json else report.to_text(by=tuple(by.split(","))))


# -- the lake and the evidence -----------------------------------------------------------------------


@main.group()
def lake() -> None:
    """The tables, and the object store they live in."""


@lake.command("init")
def lake_init() -> None:
    """Make bucket and tables; prove that conditional writes hold, without which rows are lost silently."""
    from processing.lake.selftest import check_store
    from processing.lake.tables import Lake
    from scrapers.objects import ObjectStore

    store = ObjectStore.from_env()
    store.ensure_bucket()
    check_store(store)
    Lake(store).ensure()
    click.echo(f"{store.uri('')}: ready")


@lake.command("query")
@click.argument("sql")
@click.option("--format", "form", type=click.Choice(["table", "csv", "jsonl"]), default="table", show_default=True)
def lake_query(sql: str, form: str) -> None:
    """Run SQL (DuckDB) over raw_index, documents, claims, disclosures, disclosure_versions, deliveries."""
    from processing.lake.query import query, render
    from processing.lake.tables import Lake
    from scrapers.objects import ObjectStore

    click.echo(render(query(sql, Lake(ObjectStore.from_env())), form).removesuffix("\n"))


@main.command()
@click.argument("page_id")
@click.option("--out", type=click.Path(path_type=Path), help="Write the page here instead of to standard output.")
@click.option("--raw", is_flag=True, help="The bytes as they came, still compressed: those that the digest is of.")
def evidence(page_id: str, out: Path | None, raw: bool) -> None:
    """Give an archived page back by one ranged GET, its digest verified (id or its first characters)."""
    from processing.lake.evidence import find_page, read_page
    from processing.lake.tables import Lake
    from scrapers.objects import ObjectStore
    from scrapers.wire import decode

    store = ObjectStore.from_env()
    ref = find_page(Lake(store), page_id)
    response = read_page(store, ref.warc_key, ref.offset, ref.length, ref.digest)
    click.echo(f"{response.url}  HTTP {response.status}", err=True)
    click.echo(f"{store.uri(ref.warc_key)} bytes {ref.offset}+{ref.length}, digest verified: {ref.digest}", err=True)
    body = response.body if raw else decode(response.body, response.content_encoding, 1 << 28)
    if out:
        out.write_bytes(body)
    else:
        sys.stdout.buffer.write(body)


# -- alerts and the ledger ---------------------------------------------------------------------------


@main.group()
def alerts() -> None:
    """The outbox: look at, replay, mute."""


def _ledger() -> Ledger:
    from processing.ledger import Ledger

    return Ledger.open(Settings.from_env().ledger_url)


@alerts.command("list")
@click.option("--state", type=click.Choice(["pending", "held", "sending", "sent", "dead", "suppressed"]))
def alerts_list(state: str | None) -> None:
    """Deliveries with state and reason, newest first."""
    for row in _ledger().deliveries(state):
        error = f"  ({row.last_error})" if row.last_error else ""
        click.echo(f"{row.key[:12]}  {row.state:<10} v{row.version} {row.kind}:{row.target}  {row.reason}{error}")


@alerts.command("dead")
def alerts_dead() -> None:
    """Dead letters: what was given up, and why."""
    for row in _ledger().deliveries("dead"):
        click.echo(f"{row.key[:12]}  v{row.version} {row.kind}:{row.target}  after {row.attempts}: {row.last_error}")


@alerts.command("resend")
@click.argument("key")
def alerts_resend(key: str) -> None:
    """Put a dead or suppressed delivery (by key or its first characters) back into the outbox."""
    outbox, row = _delivery(key)
    if not outbox.replay(row.id):
        raise ConfigError(f"{row.key[:12]} is {row.state}: only what is dead, suppressed or held can be sent again")
    click.echo(f"{row.key[:12]} is pending again; the alert DAG sends it within a minute")


@alerts.command("review")
@click.argument("key")
@click.option("--send/--suppress", "send", required=True, help="Let it out, or not.")
@click.option("--reviewer", required=True, help="Who decides; kept with the delivery.")
@click.option("--note", default="", help="Why.")
def alerts_review(key: str, send: bool, reviewer: str, note: str) -> None:
    """Decide a delivery that is held for review (`vigil alerts list --state held`)."""
    outbox, row = _delivery(key)
    if row.state != "held":
        raise ConfigError(f"{row.key[:12]} is {row.state}, not held for review")
    outbox.review(row.id, send, reviewer, note)
    after = _ledger().delivery_by_key(row.key)
    click.echo(f"{row.key[:12]}: {after.state} ({after.reason})")


def _delivery(key: str) -> tuple[Outbox, DeliveryRow]:
    """The outbox, and the one delivery whose key begins so."""
    from processing.alert.outbox import Outbox

    ledger = _ledger()
    config = load_config(Settings.from_env().config_file)
    return Outbox(ledger.engine, lambda: datetime.now(UTC), config), ledger.delivery_by_key(key)


@alerts.command("silence")
@click.argument("field", type=click.Choice(["region", "source", "disclosure"]))
@click.argument("value")
@click.option("--hours", type=float, default=24, show_default=True)
@click.option("--reason", required=True)
@click.option("--author", required=True)
def alerts_silence(field: str, value: str, hours: float, reason: str, author: str) -> None:
    """Mute alerts for a region, source or disclosure until it expires."""
    now = datetime.now(UTC)
    _ledger().add_silence(field, value, now + timedelta(hours=hours), reason, author, now)
    click.echo(f"{field} {value} is silenced for {hours:g} h")


@alerts.command("render")
@click.argument("disclosure_id")
@click.option("--as", "form", type=click.Choice(["text", "html", "slack"]), default="text", show_default=True)
@click.option("--lang", type=click.Choice(["en", "ru", "uk"]), default="en", show_default=True)
def alerts_render(disclosure_id: str, form: str, lang: str) -> None:
    """Show the message of a disclosure's newest version as it would be sent (id or its first characters)."""
    from processing.alert.render import render

    message = render(_ledger().latest_record(disclosure_id), lang=lang)
    output = {"text": message.text, "html": message.html, "slack": json.dumps(message.slack_blocks, indent=1)}
    click.echo(output[form])


@main.group()
def ledger() -> None:
    """The ledger of disclosures."""


@ledger.command("rebuild")
@click.option("--yes", is_flag=True, help="Replace a ledger that is not empty.")
def ledger_rebuild(yes: bool) -> None:
    """Make the ledger anew from the lake alone, deliveries included; alerts nobody."""
    from processing.lake.tables import Lake
    from processing.ledger.rebuild import rebuild
    from scrapers.objects import ObjectStore

    click.echo(json.dumps(rebuild(_ledger(), Lake(ObjectStore.from_env()), replace=yes)))


@ledger.command("export")
def ledger_export() -> None:
    """Every disclosure's newest version as JSON lines."""
    for record in _ledger().latest_records():
        click.echo(record.model_dump_json())
