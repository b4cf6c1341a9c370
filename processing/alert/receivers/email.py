"""E-mail: one message per recipient, the same Message-ID whenever the same delivery is sent again.

Mail cannot be looked up at the provider; the deterministic id lets the reader's client fold a resend.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

from processing.alert.outbox import DeliveryJob, DigestJob, Permanent, Sent, TargetDown, Transient
from processing.alert.render import Message, render, render_digest
from processing.config import EmailReceiver, VigilConfig


@dataclass(frozen=True)
class EmailSender:
    """Sends through `connect()`, a connected (and logged in) client that this closes after each message."""

    connect: Callable[[], smtplib.SMTP]
    sender: str
    domain: str

    def find(self, job: DeliveryJob | DigestJob) -> str | None:
        """Never: an SMTP server does not tell what it has accepted."""
        return None

    def send(self, job: DeliveryJob | DigestJob) -> Sent:
        """One message to `job.target`; its Message-ID is the reference."""
        try:
            mail = compose(job, self.sender, self.domain)
        except ValueError as error:  # a line break in a header: from the configuration
            raise Permanent(f"mail cannot be composed: {error}") from error
        try:
            client = self.connect()
        except smtplib.SMTPAuthenticationError as error:
            raise _refused(error.smtp_code, error.smtp_error, TargetDown) from error
        except (smtplib.SMTPException, OSError) as error:
            raise _unreachable(error) from error
        try:
            client.send_message(mail, self.sender, [job.target])
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise _refused(code, said, Permanent) from error
        except smtplib.SMTPSenderRefused as error:
            raise _refused(error.smtp_code, error.smtp_error, TargetDown) from error
        except smtplib.SMTPResponseException as error:
            raise _refused(error.smtp_code, error.smtp_error, Permanent) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Permanent(f"mail server cannot take this address: {error}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise _unreachable(error) from error
        finally:
            with contextlib.suppress(smtplib.SMTPException, OSError):  # accepted or refused already
                client.quit()
        return Sent(str(mail["Message-ID"]))


def make(
    receiver: EmailReceiver, connect: Callable[[], smtplib.SMTP], config: VigilConfig
) -> EmailSender:
    """The sender of one e-mail receiver of config/vigil.yaml."""
    return EmailSender(connect, receiver.sender, config.message_id_domain)


def compose(job: DeliveryJob | DigestJob, sender: str, domain: str) -> EmailMessage:
    """The mail of a job; the same job gives the same bytes. ValueError if a header has a line break."""
    if isinstance(job, DigestJob):
        message = render_digest(job)
        created = max(member.record.created_at for member in job.jobs)
    else:
        message = render(job.record, lang=job.lang, timezone=job.timezone, reason=job.reason)
        created = job.record.created_at
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, job.target, message.subject
    mail["Date"] = format_datetime(created.astimezone(UTC))
    mail["Message-ID"] = message_id(job.key, domain)
    if isinstance(job, DeliveryJob):
        root = f"<root-{job.thread[:32]}@{domain}>"
        mail["In-Reply-To"] = job.last_ref or root
        mail["References"] = " ".join(dict.fromkeys([root, *([job.last_ref] if job.last_ref else [])]))
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Id"] = f"Vigil alerts <{re.sub(r'[^a-z0-9-]+', '-', job.route.lower())}.{domain}>"
    _fill(mail, message, job.key)
    return mail


def message_id(key: str, domain: str) -> str:
    """Of a delivery, in angle brackets."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def _fill(mail: EmailMessage, message: Message, key: str) -> None:
    mail.set_content(message.text, cte="quoted-printable")
    mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    mail.set_boundary(f"=_{hashlib.sha256(key.encode()).hexdigest()[:40]}")


def _unreachable(error: Exception) -> Transient:
    return Transient(f"mail server: {type(error).__name__}: {' '.join(str(error).split())[:200]}")


def _refused(code: int, said: bytes | str, for_good: type[Permanent] | type[TargetDown]) -> Exception:
    """4xx may pass later; 5xx is for good (RFC 5321, 4.2.1)."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    reason = f"mail server said {code} {' '.join(text.split())[:200]}"
    return for_good(reason) if 500 <= code < 600 else Transient(reason)
