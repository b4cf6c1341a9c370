"""The demo inbox keeps what it is sent, shows it harmlessly, and answers as Slack does."""

from __future__ import annotations

import json
import smtplib
import socket
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from processing.alert.render import render
from processing.embedded.catchers import Inbox, mrkdwn
from tests.alert.records import record, rise

NOW = datetime(2026, 11, 24, 20, 5, tzinfo=UTC)
TOKEN = {"Authorization": "Bearer xoxb-test-token"}


def started(state: Path) -> Inbox:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Inbox(0, port, state, lambda: NOW)


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with started(tmp_path) as running:
        yield running


def opened(request: str | urllib.request.Request) -> Any:
    return urllib.request.urlopen(request, timeout=5)  # loopback addresses of this test


def get(inbox: Inbox, path: str) -> tuple[dict[str, str], str]:
    with opened(f"http://127.0.0.1:{inbox.http_port}{path}") as answer:
        return dict(answer.headers), answer.read().decode()


def call(
    inbox: Inbox, method: str, arguments: dict[str, Any], headers: dict[str, str] | None = None
) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{inbox.http_port}/api/{method}",
        json.dumps(arguments).encode(),
        {"Content-Type": "application/json", **(TOKEN if headers is None else headers)},
    )
    with opened(request) as answer:
        loaded: dict[str, Any] = json.load(answer)
        return loaded


def send_mail(inbox: Inbox, html: str = "<p>Hello</p>", subject: str = "Привет") -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@x.example", "b@x.example", subject
    mail["Message-ID"], mail["References"] = "<1@x.example>", "<0@x.example>"
    mail.set_content("First line\nSecond line\n")
    mail.add_alternative(html, subtype="html")
    with smtplib.SMTP("127.0.0.1", inbox.smtp_port, timeout=5) as client:
        client.send_message(mail)


def test_a_mail_is_kept_and_listed(inbox: Inbox) -> None:
    """The JSON for tests has the headers and both parts decoded; the page lists subject and first line."""
    send_mail(inbox)
    [mail] = json.loads(get(inbox, "/api/messages")[1])["mails"]
    assert (mail["subject"], mail["from"], mail["to"]) == ("Привет", "a@x.example", "b@x.example")
    assert (mail["message_id"], mail["references"]) == ("<1@x.example>", "<0@x.example>")
    assert mail["text"].splitlines() == ["First line", "Second line"]
    assert "<p>Hello</p>" in mail["html"]
    page = get(inbox, "/")[1]
    assert "<title>Vigil demo inbox</title>" in page
    assert "Привет" in page
    assert "First line" in page


def test_a_hostile_mail_is_shown_in_a_sandbox(inbox: Inbox) -> None:
    """The HTML part stands in a sandboxed frame under a policy without scripts or remote content."""
    send_mail(
        inbox, "<script>alert(1)</script><img src='https://evil.example/x.png'>", "<script>alert(2)</script>"
    )
    _, page = get(inbox, "/mail/000001")
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox" src="/mail/000001/html">' in page
    assert "<script>" not in page
    headers, content = get(inbox, "/mail/000001/html")
    assert "<script>" in content
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "; sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(inbox, "/mail/000002")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(inbox, "/mail/..%2f..%2fetc")


def test_messages_survive_a_restart(tmp_path: Path) -> None:
    """A second start on the same folder has them all, and goes on counting."""
    with started(tmp_path) as inbox:
        send_mail(inbox)
        first = call(inbox, "chat.postMessage", {"channel": "C1", "text": "one"})["ts"]
    with started(tmp_path) as inbox:
        send_mail(inbox)
        second = call(inbox, "chat.postMessage", {"channel": "C1", "text": "two"})["ts"]
        assert [mail["id"] for mail in inbox.store.mails()] == ["000002", "000001"]
        assert [m["text"] for m in inbox.store.slack] == ["one", "two"]
        assert float(second) > float(first)


def test_slack_posts_threads_edits_and_history(inbox: Inbox) -> None:
    """History has the roots, newest first, and metadata only when asked for; replies are in the thread."""
    metadata = {"event_type": "vigil_disclosure", "event_payload": {"key": "k1"}}
    root = call(inbox, "chat.postMessage", {"channel": "C1", "text": "root", "metadata": metadata})["ts"]
    reply = call(inbox, "chat.postMessage", {"channel": "C1", "text": "reply", "thread_ts": root})["ts"]
    assert call(inbox, "chat.update", {"channel": "C1", "ts": root, "text": "root, edited"})["ok"]
    bare = call(inbox, "conversations.history", {"channel": "C1"})["messages"]
    assert [m["text"] for m in bare] == ["root, edited"]
    assert "metadata" not in bare[0]
    full = call(inbox, "conversations.history", {"channel": "C1", "include_all_metadata": True})["messages"]
    assert full[0]["metadata"] == metadata
    replies = call(inbox, "conversations.replies", {"channel": "C1", "ts": root})["messages"]
    assert [m["ts"] for m in replies] == [root, reply]
    [kept, _] = json.loads(get(inbox, "/api/messages")[1])["slack"]
    assert kept["edits"][0]["text"] == "root"
    assert call(inbox, "auth.test", {})["team"] == "Demo"


@pytest.mark.parametrize(
    ("method", "arguments", "headers", "error"),
    [
        ("chat.postMessage", {"channel": "C1", "text": "x"}, {}, "not_authed"),
        (
            "chat.postMessage",
            {"channel": "C1", "text": "x"},
            {"Authorization": "Bearer nonsense"},
            "invalid_auth",
        ),
        ("chat.postMessage", {"text": "x"}, None, "channel_not_found"),
        ("chat.postMessage", {"channel": "C1"}, None, "no_text"),
        ("chat.update", {"channel": "C1", "ts": "1.0", "text": "x"}, None, "message_not_found"),
        ("conversations.replies", {"channel": "C1", "ts": "1.0"}, None, "thread_not_found"),
        ("admin.everything", {}, None, "unknown_method"),
        (
            "chat.postMessage",
            {
                "channel": "C1",
                "text": "x",
                "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
            },
            None,
            "invalid_blocks",
        ),
        (
            "chat.postMessage",
            {
                "channel": "C1",
                "text": "x",
                "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}],
            },
            None,
            "invalid_blocks",
        ),
        ("chat.postMessage", {"channel": "C1", "text": "x" * 14000}, None, "msg_too_long"),
    ],
)
def test_slack_refuses_what_slack_refuses(
    inbox: Inbox, method: str, arguments: dict[str, Any], headers: dict[str, str] | None, error: str
) -> None:
    """With `ok: false` and Slack's code for it."""
    assert call(inbox, method, arguments, headers) == {"ok": False, "error": error}


def test_slack_page_shows_a_thread(inbox: Inbox) -> None:
    """Header, quote, link, button, edited mark and the reply are on the page."""
    old, new = render(record()), render(rise())
    root = call(
        inbox, "chat.postMessage", {"channel": "C1", "text": old.slack_text, "blocks": old.slack_blocks}
    )["ts"]
    call(
        inbox,
        "chat.update",
        {"channel": "C1", "ts": root, "text": new.slack_text, "blocks": new.slack_blocks},
    )
    call(
        inbox,
        "chat.postMessage",
        {"channel": "C1", "text": new.slack_text, "blocks": new.slack_reply_blocks, "thread_ts": root},
    )
    page = get(inbox, "/slack")[1]
    assert page.count('<div class="head">UPDATED · Pskov region · at least 14 → 17 killed') == 2
    assert "(edited)" in page
    assert "1 reply" in page
    assert "<blockquote>Число военнослужащих" in page
    assert ">Open source</a>" in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*a* _b_ ~c~ `d`", "<b>a</b> <i>b</i> <s>c</s> <code>d</code>"),
        ("a_b_c 2*3*4", "a_b_c 2*3*4"),
        (
            "<https://x.example/?a=1&amp;b=2|l&lt;b&gt;>",
            '<a rel="noreferrer noopener" href="https://x.example/?a=1&amp;b=2">l&lt;b&gt;</a>',
        ),
        ('&lt;script&gt; "q"', "&lt;script&gt; &#34;q&#34;"),
        ("<!channel>", '<b class="mention">!channel</b>'),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        ("> one\nend", "<blockquote>one</blockquote>end"),
    ],
)
def test_slack_markup_becomes_html(text: str, shown: str) -> None:
    """Links, mentions and styles as Slack shows them; everything else is text."""
    assert str(mrkdwn(text)).replace("&quot;", "&#34;") == shown


def test_faults_can_be_planned_over_http(inbox: Inbox) -> None:
    """Fault tests in other processes plan what goes wrong next."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{inbox.http_port}/faults",
        b'{"slack": ["channel_not_found"]}',
        {"Content-Type": "application/json"},
    )
    opened(request).close()
    assert call(inbox, "auth.test", {})["error"] == "channel_not_found"
    assert call(inbox, "auth.test", {})["ok"]
