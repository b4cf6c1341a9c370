"""The outbox: what must still be sent to whom, and the hand that sends it.

Promise: every disclosure version reaches every target at least once; twice only if the provider hides a
message that it accepted. A resend first looks for its own key at the provider.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from processing.errors import VigilError
from processing.models import DisclosureRecord


@dataclass(frozen=True)
class DeliveryJob:
    """One disclosure version for one target, leased to this process.

    `root_ref` and `last_ref` are the provider's references of the first and the latest message about the same
    disclosure to the same target (None when there was none): the thread. `uncertain`: an earlier attempt may
    have been accepted, so look for `key` at the provider before sending.
    """

    id: int
    key: str
    kind: str
    target: str
    receiver: str
    route: str
    record: DisclosureRecord
    attempt: int
    uncertain: bool
    root_ref: str | None
    last_ref: str | None
    timezone: str
    lang: str
    reason: str


@dataclass(frozen=True)
class DigestJob:
    """Many deliveries for one target, sent as one message because they came in a flood."""

    jobs: tuple[DeliveryJob, ...]
    key: str
    kind: str
    target: str
    receiver: str
    route: str
    uncertain: bool
    timezone: str
    lang: str


@dataclass(frozen=True)
class Sent:
    """Accepted by the provider under this reference (Slack ts, mail Message-ID)."""

    provider_ref: str


class Transient(VigilError):
    """Not accepted now; may be later. `retry_after` is the provider's own wish, in seconds."""

    def __init__(self, reason: str = "not accepted for now", retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Permanent(VigilError):
    """Refused for good: this message becomes a dead letter."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TargetDown(VigilError):
    """The target takes nothing at all (channel gone, credentials refused): pause it, keep what is pending."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Sender(Protocol):
    """What a receiver kind implements, in processing/alert/receivers/<kind>.py."""

    def find(self, job: DeliveryJob | DigestJob) -> str | None:
        """The provider's reference of the message that carries `job.key`, if it has one. Raises as send()."""

    def send(self, job: DeliveryJob | DigestJob) -> Sent:
        """Send once, without retrying. Raises Transient, Permanent or TargetDown."""
