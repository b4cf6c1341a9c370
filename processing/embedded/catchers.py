"""The demo inbox: a mail sink and a fake Slack that keep what Vigil sends, and a page to look at it.

Loopback only, for demonstrations and tests: it accepts everything, delivers nothing, and refuses what the
real Slack refuses (block limits, tokens, unknown methods).
"""

from __future__ import annotations

import argparse
import contextlib
import html
import json
import os
import re
import signal
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiosmtpd.controller import Controller
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

TEMPLATES = Path(__file__).resolve().parent / "demo"
TITLE = "Vigil demo inbox"
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
# Links may open a tab; scripts and remote content may nothing.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
Clock = Callable[[], datetime]
Json = dict[str, Any]


@dataclass
class Faults:
    """What goes wrong next, in order; "" is nothing.

    SMTP: the reply to RCPT ("550 5.1.1 no such user"). Slack: "429", "503", "reset" (accept the message, then
    drop the connection) or an error code such as "channel_not_found".
    """

    smtp: list[str] = field(default_factory=list)
    slack: list[str] = field(default_factory=list)

    def next_smtp(self) -> str:
        """The fault for the next recipient."""
        return self.smtp.pop(0) if self.smtp else ""

    def next_slack(self) -> str:
        """The fault for the next call."""
        return self.slack.pop(0) if self.slack else ""


class Store:
    """Caught messages on disk: one .eml per mail, one JSON file for the Slack channels."""

    def __init__(self, state: Path, clock: Clock) -> None:
        self._mail, self._slack, self._clock = state / "mail", state / "slack.json", clock
        self._mail.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self.slack: list[Json] = []
        if self._slack.exists():
            self.slack = json.loads(self._slack.read_text(encoding="utf-8"))

    def add_mail(self, sender: str, recipients: list[str], content: bytes) -> str:
        """Keep one mail; envelope and time go before its own headers. Returns its id."""
        with self._lock:
            number = 1 + max((int(file.stem) for file in self._mail.glob("*.eml")), default=0)
            envelope = (f"X-Caught-At: {self._clock().isoformat()}", f"X-Caught-From: {sender}",
                        f"X-Caught-To: {', '.join(recipients)}")
            head = "".join(f"{' '.join(line.split())}\r\n" for line in envelope).encode()
            _write(self._mail / f"{number:06}.eml", head + content)
        return f"{number:06}"

    def mails(self) -> list[Json]:
        """All mails, newest first, decoded."""
        return [_mail_view(file) for file in sorted(self._mail.glob("*.eml"), reverse=True)]

    def mail(self, mail_id: str) -> Json | None:
        """One mail by id."""
        file = self._mail / f"{mail_id}.eml"
        return _mail_view(file) if mail_id.isdecimal() and file.exists() else None

    def post(self, message: Json) -> Json:
        """Append to a channel under a new ts."""
        with self._lock:
            last = max((float(m["ts"]) for m in self.slack), default=0.0)
            ts = max(self._clock().timestamp(), last + 0.000001)
            kept = {**message, "ts": f"{ts:.6f}", "edits": []}
            self.slack.append(kept)
            self._save()
        return kept

    def update(self, channel: str, ts: str, change: Json) -> Json | None:
        """Edit a message, keeping what it said before."""
        with self._lock:
            for message in self.slack:
                if (message["channel"], message["ts"]) == (channel, ts):
                    before = {k: message.get(k) for k in ("text", "blocks", "metadata")}
                    message["edits"].append({**before, "at": self._clock().isoformat()})
                    message.update(change)
                    self._save()
                    return message
        return None

    def _save(self) -> None:
        _write(self._slack, json.dumps(self.slack, ensure_ascii=False, indent=1).encode())


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all, so that a kill leaves a readable file."""
    part = file.with_suffix(".part")
    part.write_bytes(content)
    os.replace(part, file)


def _mail_view(file: Path) -> Json:
    message = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(file.read_bytes())
    headers = [(k, str(v)) for k, v in message.items() if not k.startswith("X-Caught-")]
    view: Json = {"id": file.stem, "caught_at": message["X-Caught-At"], "envelope_to": message["X-Caught-To"]}
    for key in ("Subject", "From", "To", "Date", "Message-ID", "References", "In-Reply-To"):
        view[key.lower().replace("-", "_")] = str(message[key] or "").strip()
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        view["text" if kind == "plain" else kind] = part.get_content() if part else ""
    return {**view, "headers": headers}


class MailSink:
    """aiosmtpd handler: takes every mail, unless a fault is due."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self.store, self.faults = store, faults

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str,
                          options: list[str]) -> str:
        """Accept the recipient."""
        if fault := self.faults.next_smtp():
            return fault
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Keep the message."""
        mail_id = self.store.add_mail(envelope.mail_from, envelope.rcpt_tos, envelope.content)
        return f"250 kept as {mail_id}"


# -- the fake Slack --------------------------------------------------------------------------------


class SlackRefusal(Exception):
    """Answered as `{"ok": false, "error": code}`."""


class FakeSlack:
    """The methods of Slack's Web API that Vigil calls."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.methods: dict[str, Callable[[Json], Json]] = {
            "auth.test": self._auth_test, "chat.postMessage": self._post, "chat.update": self._update,
            "conversations.history": self._history, "conversations.replies": self._replies,
        }

    def call(self, method: str, token: str, arguments: Json) -> Json:
        """The answer's JSON. The token is checked for its shape only."""
        try:
            if not re.fullmatch(r"Bearer xox[abp]-[\w-]{8,}", token):
                raise SlackRefusal("not_authed" if not token else "invalid_auth")
            if method not in self.methods:
                raise SlackRefusal("unknown_method")
            return {"ok": True, **self.methods[method](arguments)}
        except SlackRefusal as refusal:
            return {"ok": False, "error": str(refusal)}

    def _auth_test(self, _arguments: Json) -> Json:
        return {"url": "https://demo.slack.example/", "team": "Demo", "user": "vigil", "user_id": "U0VIGIL"}

    def _post(self, arguments: Json) -> Json:
        message = _message(arguments)
        if not arguments.get("channel"):
            raise SlackRefusal("channel_not_found")
        where = {"channel": arguments["channel"], "thread_ts": arguments.get("thread_ts")}
        kept = self.store.post({**where, **message})
        return {"channel": kept["channel"], "ts": kept["ts"], "message": _public(kept, True)}

    def _update(self, arguments: Json) -> Json:
        channel, ts = str(arguments.get("channel")), str(arguments.get("ts"))
        kept = self.store.update(channel, ts, _message(arguments))
        if kept is None:
            raise SlackRefusal("message_not_found")
        return {"channel": channel, "ts": ts, "text": kept["text"], "message": _public(kept, True)}

    def _history(self, arguments: Json) -> Json:
        """Newest first, without the replies in threads, as Slack does."""
        rows = [m for m in self.store.slack if m["channel"] == arguments.get("channel")]
        rows = [m for m in rows if m.get("thread_ts") in (None, m["ts"])]
        return self._page(sorted(rows, key=lambda m: float(m["ts"]), reverse=True), arguments)

    def _replies(self, arguments: Json) -> Json:
        """The thread's root and replies, oldest first."""
        root = arguments.get("ts")
        rows = [m for m in self.store.slack if m["channel"] == arguments.get("channel")]
        rows = [m for m in rows if root in (m["ts"], m.get("thread_ts"))]
        if not rows:
            raise SlackRefusal("thread_not_found")
        return self._page(sorted(rows, key=lambda m: float(m["ts"])), arguments)

    def _page(self, rows: list[Json], arguments: Json) -> Json:
        oldest = float(arguments.get("oldest") or 0)
        latest = float(arguments.get("latest") or "inf")
        rows = [m for m in rows if oldest <= float(m["ts"]) <= latest]
        start, limit = int(arguments.get("cursor") or 0), int(arguments.get("limit") or 100)
        more = start + limit < len(rows)
        metadata = str(arguments.get("include_all_metadata")).lower() in ("true", "1")
        return {
            "messages": [_public(m, metadata) for m in rows[start : start + limit]], "has_more": more,
            "response_metadata": {"next_cursor": str(start + limit) if more else ""},
        }


def _message(arguments: Json) -> Json:
    """Text, blocks and metadata of a call, refused where Slack refuses them."""
    message = {key: arguments.get(key) for key in ("text", "blocks", "metadata")}
    for key in ("blocks", "metadata"):
        if isinstance(value := message[key], str):
            message[key] = json.loads(value)
    if not message["text"] and not message["blocks"]:
        raise SlackRefusal("no_text")
    if not all(_block_fits(block) for block in message["blocks"] or []) or len(message["blocks"] or []) > 50:
        raise SlackRefusal("invalid_blocks")
    if len(json.dumps(message, ensure_ascii=False)) > 13_200:
        raise SlackRefusal("msg_too_long")
    return {key: value for key, value in message.items() if value is not None}


def _block_fits(block: Json) -> bool:
    kind = block.get("type")
    if kind == "header":
        return block["text"]["type"] == "plain_text" and 0 < len(block["text"]["text"]) <= 150
    if kind == "section":
        fields = block.get("fields", [])
        texts = [f["text"] for f in fields]
        body = block.get("text", {}).get("text", "")
        return (bool(fields or body) and len(body) <= 3000 and len(fields) <= 10
                and all(0 < len(t) <= 2000 for t in texts))
    if kind == "context":
        return 0 < len(block["elements"]) <= 10
    if kind == "actions":
        return all(len(e["text"]["text"]) <= 75 and len(e.get("url", "")) <= 3000 for e in block["elements"])
    return kind == "divider"


def _public(message: Json, metadata: bool) -> Json:
    kept = {k: message[k] for k in ("ts", "thread_ts", "text", "blocks") if message.get(k)}
    if metadata and message.get("metadata"):
        kept["metadata"] = message["metadata"]
    return {"type": "message", "bot_id": "B0VIGIL", "user": "U0VIGIL", **kept}


# -- the pages -------------------------------------------------------------------------------------


def mrkdwn(text: str) -> Markup:
    """Slack's mark-up as HTML: links, mentions, bold, italic, code, quotes. Everything else is text."""
    tokens: list[str] = []

    def set_aside(found: re.Match[str]) -> str:
        tokens.append(_token(found[1]))
        return f"\x00{len(tokens) - 1}\x00"

    out = _styled(re.sub(r"<([^<>\n]+)>", set_aside, text.replace("\x00", "")))
    out = re.sub(r"\x00(\d+)\x00", lambda found: tokens[int(found[1])], out)
    lines = [f"<blockquote>{line[4:].strip()}</blockquote>" if line.startswith("&gt;") else line + "\n"
             for line in out.split("\n")]
    return Markup("".join(lines).rstrip("\n").replace("</blockquote><blockquote>", "<br>"))  # noqa: S704  # escaped above


def plain(text: str) -> str:
    """Slack's three entities decoded, for plain_text objects; the template escapes."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _token(inner: str) -> str:
    target, _, label = inner.partition("|")
    if target.startswith(("!", "@", "#")):
        return f'<b class="mention">{html.escape(plain(inner))}</b>'
    if not target.startswith(("http://", "https://", "mailto:")):
        return html.escape(f"<{plain(inner)}>")
    shown = html.escape(plain(label or target))
    return f'<a rel="noreferrer noopener" href="{html.escape(plain(target))}">{shown}</a>'


def _styled(text: str) -> str:
    text = html.escape(plain(text))
    for mark, tag in (("`", "code"), (r"\*", "b"), ("_", "i"), ("~", "s")):
        inner = rf"[^\s{mark}](?:[^{mark}\n]*[^\s{mark}])?"
        text = re.sub(rf"(?<![\w{mark}]){mark}({inner}){mark}(?![\w{mark}])", rf"<{tag}>\1</{tag}>", text)
    return text


class Pages:
    """The inbox as HTML."""

    def __init__(self, store: Store) -> None:
        self.store = store
        loader = FileSystemLoader(TEMPLATES)
        self._jinja = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
        self._jinja.filters.update(mrkdwn=mrkdwn, plain=plain, clock=_clock_time)

    def get(self, path: str) -> tuple[str, str] | None:
        """HTML and Content-Security-Policy of a page, or None."""
        if path == "/":
            return self._page("inbox.html.j2", mails=self.store.mails(), threads=self._threads())
        if path == "/slack":
            return self._page("inbox_slack.html.j2", threads=self._threads())
        if found := re.fullmatch(r"/mail/(\d+)(/html)?", path):
            mail = self.store.mail(found[1])
            if mail and found[2]:
                return mail["html"].replace("<head>", '<head><base target="_blank">', 1), MAIL_POLICY
            return self._page("inbox_mail.html.j2", mail=mail) if mail else None
        return None

    def _page(self, template: str, **values: object) -> tuple[str, str]:
        return self._jinja.get_template(template).render(title=TITLE, **values), PAGE_POLICY

    def _threads(self) -> list[tuple[Json, list[Json]]]:
        """Root messages, newest first, each with its replies."""
        roots = [m for m in self.store.slack if m.get("thread_ts") in (None, m["ts"])]
        return [(root, [m for m in self.store.slack if m.get("thread_ts") == root["ts"] != m["ts"]])
                for root in sorted(roots, key=lambda m: float(m["ts"]), reverse=True)]


def _clock_time(stamp: str) -> str:
    """Of a Slack ts or an ISO time, in UTC."""
    number = re.fullmatch(r"[\d.]+", stamp)
    moment = datetime.fromtimestamp(float(stamp), UTC) if number else datetime.fromisoformat(stamp)
    return moment.strftime("%-d %b %Y, %H:%M:%S UTC")


# -- serving ---------------------------------------------------------------------------------------


class _Handler(BaseHTTPRequestHandler):
    inbox: Inbox
    server_version = "VigilDemoInbox/1"
    sys_version = ""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/api/messages":
            return self._json(200, {"mails": self.inbox.store.mails(), "slack": self.inbox.store.slack})
        if parts.path.startswith("/api/"):
            return self._slack(parts.path[5:], dict(parse_qsl(parts.query)))
        page = self.inbox.pages.get(parts.path)
        if page is None:
            return self._send(404, "text/plain; charset=utf-8", b"not found\n", PAGE_POLICY)
        return self._send(200, "text/html; charset=utf-8", page[0].encode(), page[1])

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 1 << 20))
        is_json = self.headers.get("Content-Type", "").startswith("application/json")
        arguments = json.loads(body or b"{}") if is_json else dict(parse_qsl(body.decode()))
        path = urlsplit(self.path).path
        if path == "/faults":
            self.inbox.faults.smtp[:] = arguments.get("smtp", [])
            self.inbox.faults.slack[:] = arguments.get("slack", [])
            return self._json(200, {"ok": True})
        return self._slack(path.removeprefix("/api/"), arguments)

    def _slack(self, method: str, arguments: Json) -> None:
        fault = self.inbox.faults.next_slack()
        if fault == "429":
            return self._json(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "7"})
        if fault.isdecimal():
            return self._json(int(fault), {"ok": False})
        if fault and fault != "reset":
            return self._json(200, {"ok": False, "error": fault})
        answer = self.inbox.slack.call(method, self.headers.get("Authorization", ""), arguments)
        if fault == "reset":
            # Linger 0: close sends RST, the client never learns that the message was accepted.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return None
        return self._json(200, answer)

    def _json(self, status: int, value: Json, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(value, ensure_ascii=False).encode()
        self._send(status, "application/json; charset=utf-8", body, PAGE_POLICY, headers)

    def _send(self, status: int, kind: str, body: bytes, csp: str,
              more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        fixed = {"Content-Type": kind, "Content-Length": str(len(body)), "Content-Security-Policy": csp,
                 "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
                 "Cache-Control": "no-store"}
        for name, value in {**fixed, **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the page shows what came."""


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """A client that went away (or a planned reset) is no news."""


class Inbox:
    """Both catchers on loopback, served while in a `with` block. http_port 0 picks one."""

    def __init__(self, http_port: int, smtp_port: int, state: Path, clock: Clock) -> None:
        self.store, self.faults = Store(state, clock), Faults()
        self.slack, self.pages = FakeSlack(self.store), Pages(self.store)
        self._http = _HttpServer(("127.0.0.1", http_port), type("Handler", (_Handler,), {"inbox": self}))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        self._smtp = Controller(MailSink(self.store, self.faults), hostname="127.0.0.1", port=smtp_port)
        self.http_port, self.smtp_port = self._http.server_address[1], smtp_port

    def __enter__(self) -> Inbox:
        self._smtp.start()
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        self._smtp.stop()


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser("python -m processing.embedded.catchers", description=__doc__)
    parser.add_argument("--http-port", type=int, default=8025, help="pages and fake Slack API (default 8025)")
    parser.add_argument("--smtp-port", type=int, default=1025, help="mail sink (default 1025)")
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps the messages")
    options = parser.parse_args(argv)
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    with Inbox(options.http_port, options.smtp_port, options.state, lambda: datetime.now(UTC)) as inbox:
        print(f"{TITLE}: http://127.0.0.1:{inbox.http_port}/", flush=True)  # noqa: T201  # the command's output
        with contextlib.suppress(KeyboardInterrupt):
            done.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
