"""Receivers against a real SMTP server and a fake Slack: what is sent, and how refusals are read."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from slack_sdk import WebClient

from processing.alert.outbox import DeliveryJob, DigestJob, Permanent, TargetDown, Transient
from processing.alert.receivers import build
from processing.alert.receivers.email import EmailSender, compose
from processing.alert.receivers.slack import SlackSender
from processing.config import HOME, load_config
from processing.embedded.catchers import Inbox
from tests.alert.records import job, record, rise

DESK = "desk@newsroom.example"
DOMAIN = "vigil.invalid"


def free_port() -> int:
    """A loopback port that nobody has right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox(0, free_port(), tmp_path, lambda: datetime(2026, 11, 24, 20, 5, tzinfo=UTC)) as running:
        yield running


@pytest.fixture
def mail(inbox: Inbox) -> EmailSender:
    return EmailSender(
        lambda: smtplib.SMTP("127.0.0.1", inbox.smtp_port, timeout=5), f"Vigil <vigil@{DOMAIN}>", DOMAIN
    )


@pytest.fixture
def slack(inbox: Inbox) -> SlackSender:
    return SlackSender(lambda: client(inbox))


def client(inbox: Inbox, token: str = "xoxb-test-token") -> WebClient:  # noqa: S107  # checked for shape only
    return WebClient(token, base_url=f"http://127.0.0.1:{inbox.http_port}/api/", retry_handlers=[], timeout=5)


def mail_job(of: object = None, **change: object) -> DeliveryJob:
    return job(of or record(), kind="email", target=DESK, receiver="newsroom-mail", **change)  # type: ignore[arg-type]


# -- e-mail --------------------------------------------------------------------------------------


def test_a_mail_arrives_with_both_parts_and_threading(inbox: Inbox, mail: EmailSender) -> None:
    """Text first, then HTML; identity, thread and robot headers are set; the Message-ID is the reference."""
    sent = mail.send(mail_job())
    [got] = inbox.store.mails()
    assert got["message_id"] == sent.provider_ref
    assert got["references"] == f"<root-{record().disclosure_id}@{DOMAIN}>" == got["in_reply_to"]
    assert got["subject"] == "[Vigil] Pskov region – killed in Belgorod region (1f2e3d4c)"
    assert got["to"] == DESK == got["envelope_to"]
    assert got["date"] == "Tue, 24 Nov 2026 20:04:40 +0000"
    assert got["text"].startswith("NEW · Pskov region · at least 14 killed (military) in Belgorod region")
    assert "погибли не менее 14" in got["html"]
    headers = dict(got["headers"])
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["List-Id"] == f"Vigil alerts <newsroom.{DOMAIN}>"


def test_a_later_version_joins_the_thread(inbox: Inbox, mail: EmailSender) -> None:
    """Same subject, References to the disclosure's root and to the mail before."""
    first = mail.send(mail_job()).provider_ref
    second = mail.send(mail_job(rise(), root_ref=first, last_ref=first)).provider_ref
    new, old = inbox.store.mails()
    assert new["subject"] == old["subject"]
    assert new["in_reply_to"] == first != second
    assert new["references"].split() == [old["references"], first]
    assert new["text"].startswith("UPDATED · Pskov region · at least 14 → 17 killed")


def test_a_resend_is_the_same_mail(mail: EmailSender) -> None:
    """Byte for byte, so that a client can fold it; the provider cannot be asked."""
    one, two = (compose(mail_job(uncertain=bool(n)), f"vigil@{DOMAIN}", DOMAIN).as_bytes() for n in range(2))
    assert one == two
    assert max(len(line) for line in one.split(b"\r\n")) <= 998
    assert one.isascii()
    assert mail.find(mail_job(uncertain=True)) is None


def test_a_refused_recipient_is_permanent_and_a_busy_one_transient(inbox: Inbox, mail: EmailSender) -> None:
    """550 is a dead letter, 451 comes again; neither leaves a mail."""
    inbox.faults.smtp += ["550 5.1.1 no such user", "451 4.7.1 try again later"]
    with pytest.raises(Permanent, match=r"550 5\.1\.1 no such user"):
        mail.send(mail_job())
    with pytest.raises(Transient, match="451"):
        mail.send(mail_job())
    assert inbox.store.mails() == []
    mail.send(mail_job())
    assert len(inbox.store.mails()) == 1


def test_a_mail_server_that_is_away_is_transient() -> None:
    """Nothing listens: the message waits."""
    port = free_port()
    sender = EmailSender(lambda: smtplib.SMTP("127.0.0.1", port, timeout=5), "vigil@x.example", DOMAIN)
    with pytest.raises(Transient, match="ConnectionRefusedError"):
        sender.send(mail_job())


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (smtplib.SMTPAuthenticationError(535, b"no"), TargetDown),
        (smtplib.SMTPAuthenticationError(454, b"later"), Transient),
        (smtplib.SMTPConnectError(421, b"busy"), Transient),
        (smtplib.SMTPServerDisconnected("gone"), Transient),
        (TimeoutError("slow"), Transient),
    ],
)
def test_errors_on_connecting(error: Exception, expected: type[Exception]) -> None:
    """Refused credentials pause the target, everything else passes."""

    def connect() -> smtplib.SMTP:
        raise error

    with pytest.raises(expected):
        EmailSender(connect, "vigil@x.example", DOMAIN).send(mail_job())


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (smtplib.SMTPSenderRefused(550, b"not you", "a"), TargetDown),
        (smtplib.SMTPDataError(554, b"spam"), Permanent),
        (smtplib.SMTPDataError(452, b"full"), Transient),
        (smtplib.SMTPServerDisconnected("gone"), Transient),
        (smtplib.SMTPNotSupportedError("no SMTPUTF8"), Permanent),
        (ConnectionResetError(), Transient),
    ],
)
def test_errors_on_sending(error: Exception, expected: type[Exception]) -> None:
    """Each refusal is read as what it means for this mail or for the whole target."""

    class Client:
        def send_message(self, *_: object) -> None:
            raise error

        def quit(self) -> None:
            raise smtplib.SMTPServerDisconnected("already gone")

    with pytest.raises(expected):
        EmailSender(Client, "vigil@x.example", DOMAIN).send(mail_job())  # type: ignore[arg-type]


def test_an_address_with_a_line_break_is_never_sent(inbox: Inbox, mail: EmailSender) -> None:
    """A header that would be split is a dead letter."""
    with pytest.raises(Permanent, match="cannot be composed"):
        mail.send(job(record(), kind="email", target="desk@newsroom.example\r\nBcc: all@example.org"))
    assert inbox.store.mails() == []


# -- Slack ---------------------------------------------------------------------------------------


def test_an_update_replies_and_rewrites_the_root(inbox: Inbox, slack: SlackSender) -> None:
    """Version 2 replies with the change; the root, edited, shows what stands now and keeps its own key."""
    root = slack.send(job(record())).provider_ref
    reply = slack.send(job(rise(), root_ref=root, last_ref=root)).provider_ref
    first, second = inbox.store.slack
    assert (first["ts"], second["ts"], second["thread_ts"]) == (root, reply, root)
    assert len(first["edits"]) == 1
    assert "at least 14 killed" in first["edits"][0]["text"]
    assert first["text"] == second["text"]
    assert first["text"].startswith("UPDATED · Pskov region · at least 14 → 17 killed")
    assert first["metadata"] == {
        "event_type": "vigil_disclosure",
        "event_payload": {"key": job(record()).key, "route": "newsroom"},
    }
    assert second["metadata"]["event_payload"]["key"] == job(rise()).key


def test_rate_limited_waits_as_long_as_slack_says(inbox: Inbox, slack: SlackSender) -> None:
    """429 carries Retry-After; nothing was posted."""
    inbox.faults.slack.append("429")
    with pytest.raises(Transient) as caught:
        slack.send(job(record()))
    assert caught.value.retry_after == 7
    assert inbox.store.slack == []


def test_a_message_whose_acceptance_was_lost_is_found_again(inbox: Inbox, slack: SlackSender) -> None:
    """Slack accepts and the connection breaks: transient, and find() knows the message by its key."""
    assert slack.find(job(record())) is None
    inbox.faults.slack.append("reset")
    with pytest.raises(Transient):
        slack.send(job(record()))
    [posted] = inbox.store.slack
    assert slack.find(job(record(), uncertain=True)) == posted["ts"]
    assert slack.find(job(rise(), uncertain=True)) is None


def test_a_lost_reply_is_found_in_its_thread(inbox: Inbox, slack: SlackSender) -> None:
    """Replies are not in the channel's history, so the thread is searched; resending would double it."""
    root = slack.send(job(record())).provider_ref
    update = job(rise(), root_ref=root, last_ref=root, uncertain=True)
    inbox.faults.slack += ["", "reset"]  # the edit passes, the reply's answer is lost
    with pytest.raises(Transient):
        slack.send(update)
    assert slack.find(update) == inbox.store.slack[1]["ts"]


def test_find_looks_through_pages(inbox: Inbox, slack: SlackSender) -> None:
    """Our message is found behind more than a page of later ones."""
    sent = slack.send(job(record())).provider_ref
    for n in range(210):
        inbox.store.post({"channel": "C0VIGIL", "text": f"other {n}"})
    assert slack.find(job(record())) == sent


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("500", Transient),
        ("503", Transient),
        ("internal_error", Transient),
        ("ratelimited", Transient),
        ("channel_not_found", TargetDown),
        ("invalid_auth", TargetDown),
        ("is_archived", TargetDown),
        ("invalid_blocks", Permanent),
        ("msg_too_long", Permanent),
    ],
)
@pytest.mark.parametrize("call", ["send", "find"])
def test_refusals_of_slack(
    inbox: Inbox, slack: SlackSender, fault: str, expected: type[Exception], call: str
) -> None:
    """What passes is tried again, what is wrong with the target pauses it, what is wrong with us is dead."""
    inbox.faults.slack.append(fault)
    with pytest.raises(expected):
        getattr(slack, call)(job(record()))
    assert inbox.store.slack == []


def test_slack_that_is_away_is_transient(inbox: Inbox) -> None:
    """Nothing listens, or the token is no token."""
    nobody = WebClient("xoxb-x", base_url=f"http://127.0.0.1:{free_port()}/api/", retry_handlers=[])
    away = SlackSender(lambda: nobody)
    with pytest.raises(Transient):
        away.send(job(record()))
    with pytest.raises(TargetDown, match="invalid_auth"):
        SlackSender(lambda: client(inbox, "nonsense")).send(job(record()))


def test_a_root_that_was_deleted_is_replaced(inbox: Inbox, slack: SlackSender) -> None:
    """The update becomes a message of its own, complete, and is found as such."""
    update = job(rise(), root_ref="1.000001", last_ref="1.000001")
    sent = slack.send(update).provider_ref
    [posted] = inbox.store.slack
    assert posted["thread_ts"] is None
    assert any(block["type"] == "actions" for block in posted["blocks"])
    assert slack.find(update) == sent


def test_a_digest_is_one_message(inbox: Inbox, slack: SlackSender, mail: EmailSender) -> None:
    """Twelve disclosures in one Slack message and one mail, each found or named by the digest's key."""
    jobs = tuple(job(record(disclosure_id=f"{n:032x}")) for n in range(12))
    digest = DigestJob(jobs, "digest/1", "slack", "C0VIGIL", "newsroom-slack", "newsroom", False, "UTC", "en")
    assert slack.find(digest) is None
    reference = slack.send(digest).provider_ref
    assert slack.find(digest) == reference
    assert slack.find(jobs[0]) is None
    by_mail = DigestJob(jobs, "digest/2", "email", DESK, "newsroom-mail", "newsroom", False, "UTC", "en")
    sent = mail.send(by_mail).provider_ref
    [got] = inbox.store.mails()
    assert got["message_id"] == sent
    assert got["text"].count("at least 14 killed") == 12
    assert len(inbox.store.slack) == 1


# -- the registry of kinds -----------------------------------------------------------------------


def test_senders_are_built_from_the_configuration(inbox: Inbox) -> None:
    """Each kind dispatches to the receiver a job names; a receiver that is gone pauses its target."""
    config = load_config(HOME / "config" / "vigil.yaml")
    asked: list[str] = []

    def smtp(connection: str) -> smtplib.SMTP:
        asked.append(connection)
        return smtplib.SMTP("127.0.0.1", inbox.smtp_port, timeout=5)

    senders = build(config, {"email": smtp, "slack": lambda _: client(inbox)})
    assert set(senders) == {"email", "slack"}
    senders["email"].send(mail_job())
    senders["slack"].send(job(record()))
    assert senders["slack"].find(job(record())) == inbox.store.slack[0]["ts"]
    assert asked == ["vigil_smtp"]
    assert inbox.store.mails()[0]["from"] == "Vigil <vigil@newsroom.example>"
    with pytest.raises(TargetDown, match="no longer"):
        senders["email"].send(job(record(), receiver="gone"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (LookupError("the conn_id isn't defined; password hunter2"), TargetDown),
        (ValueError("port is not a number"), TargetDown),
        (Transient("later"), Transient),
        (ConnectionRefusedError("nobody there"), Transient),
        (TimeoutError("slow"), Transient),
    ],
)
@pytest.mark.parametrize("kind", ["slack", "email"])
def test_a_connection_that_cannot_be_opened_stops_its_receiver_only(
    inbox: Inbox, kind: str, error: Exception, expected: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    """Missing or wrong, it pauses the target; out of reach, it is tried again; other receivers go on."""
    broken = True

    def connect(_: str) -> object:
        if broken:
            raise error
        return client(inbox) if kind == "slack" else smtplib.SMTP("127.0.0.1", inbox.smtp_port, timeout=5)

    def never(_: str) -> object:
        raise AssertionError("the other receiver has nothing to send")

    other = "email" if kind == "slack" else "slack"
    senders = build(load_config(HOME / "config" / "vigil.yaml"), {kind: connect, other: never})
    task = mail_job() if kind == "email" else job(record())
    with pytest.raises(expected) as caught:
        senders[kind].send(task)
    assert "hunter2" not in str(caught.value)  # it is kept with the delivery, and in the lake
    broken = False
    assert senders[kind].send(task).provider_ref
