"""Slack: the first version opens a thread, later ones reply to it, and its root always shows what stands now.

Every message carries our key as metadata, so that one whose acceptance we never heard of is found again.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from processing.alert.outbox import DeliveryJob, DigestJob, Permanent, Sent, TargetDown, Transient
from processing.alert.render import Message, render, render_digest
from processing.alert.slack_blocks import Blocks
from processing.config import SlackReceiver, VigilConfig

EVENT_TYPE = "vigil_disclosure"
CLOCK_SKEW = 3600.0
PAGES = 5
DOWN = frozenset({
    "channel_not_found", "is_archived", "not_in_channel", "restricted_action", "invalid_auth", "not_authed",
    "account_inactive", "token_revoked", "token_expired", "missing_scope", "no_permission", "access_denied",
    "org_login_required", "team_access_not_granted", "ekm_access_denied",
})
PASSING = frozenset({
    "ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
})
ROOT_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"})


@dataclass(frozen=True)
class SlackSender:
    """Through `connect()`, asked when there is something to send.

    Its client has `retry_handlers=[]`: slack_sdk's own retry posts twice on a reset connection.
    """

    connect: Callable[[], WebClient]

    @cached_property
    def client(self) -> WebClient:
        """The one client."""
        return self.connect()

    def find(self, job: DeliveryJob | DigestJob) -> str | None:
        """Reference of the message whose metadata holds `job.key`: in the thread, or in the channel."""
        for message in self._where(job):
            payload = message.get("metadata", {}).get("event_payload", {})
            if payload.get("key") == job.key:
                return str(message["ts"])
        return None

    def send(self, job: DeliveryJob | DigestJob) -> Sent:
        """Post, or bring the thread's root up to date and reply to it."""
        if isinstance(job, DigestJob):
            message = render_digest(job)
            return self._post(job, message, message.slack_blocks)
        message = render(job.record, lang=job.lang, timezone=job.timezone, reason=job.reason)
        if job.root_ref is None or not self._bring_up_to_date(job.target, job.root_ref, message):
            return self._post(job, message, message.slack_blocks)
        return self._post(job, message, message.slack_reply_blocks, job.root_ref)

    def _post(
        self, job: DeliveryJob | DigestJob, message: Message, blocks: Blocks, thread: str | None = None
    ) -> Sent:
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"key": job.key, "route": job.route}}
        answer = self._call(lambda: self.client.chat_postMessage(
            channel=job.target, text=message.slack_text, blocks=blocks, metadata=metadata, thread_ts=thread,
            unfurl_links=False, unfurl_media=False, link_names=False, parse="none",
        ))
        return Sent(str(answer["ts"]))

    def _bring_up_to_date(self, channel: str, root: str, message: Message) -> bool:
        """Rewrite the root (its metadata stays). False when it is gone, so that a new one is wanted."""
        try:
            self._call(lambda: self.client.chat_update(
                channel=channel, ts=root, text=message.slack_text, blocks=message.slack_blocks,
            ))
        except Permanent as error:
            return error.reason not in ROOT_GONE
        return True

    def _where(self, job: DeliveryJob | DigestJob) -> Iterator[dict[str, Any]]:
        """Messages among which the job's own may be: not older than its disclosure version."""
        members = job.jobs if isinstance(job, DigestJob) else (job,)
        oldest = min(member.record.created_at for member in members).timestamp() - CLOCK_SKEW
        where = {"channel": job.target, "oldest": f"{oldest:.6f}", "limit": 200, "include_all_metadata": True}
        root = job.root_ref if isinstance(job, DeliveryJob) else None
        cursor: str | None = None
        for _ in range(PAGES):
            page = self._page(where, root, cursor)
            yield from page.get("messages", [])
            cursor = page.get("response_metadata", {}).get("next_cursor")
            if not cursor:
                return

    def _page(self, where: dict[str, Any], root: str | None, cursor: str | None) -> Any:
        if root is None:
            return self._call(lambda: self.client.conversations_history(**where, cursor=cursor))
        try:
            return self._call(lambda: self.client.conversations_replies(**where, ts=root, cursor=cursor))
        except Permanent as error:
            if error.reason not in ROOT_GONE:
                raise
            return self._call(lambda: self.client.conversations_history(**where, cursor=cursor))

    def _call(self, call: Callable[[], Any]) -> Any:
        """One request; what went wrong in the outbox's terms."""
        try:
            return call()
        except SlackApiError as error:
            raise _refused(error) from error
        except (SlackClientError, OSError, http.client.HTTPException) as error:
            raise Transient(f"Slack: {type(error).__name__}: {str(error)[:200]}") from error


def make(receiver: SlackReceiver, connect: Callable[[], WebClient], config: VigilConfig) -> SlackSender:
    """The sender of one Slack receiver of config/vigil.yaml."""
    return SlackSender(connect)


def _refused(error: SlackApiError) -> Exception:
    """429 as long as Slack says, 5xx later, a dead channel or token pauses the target, else for good."""
    answer = error.response
    status = int(getattr(answer, "status_code", 0) or 0)
    code = str(answer.get("error") or "no reason given")[:200]
    if status == 429:
        headers = {str(k).lower(): v for k, v in answer.headers.items()}
        wish = str(headers.get("retry-after", ""))
        return Transient("Slack: rate limited", float(wish) if wish.isdecimal() else None)
    if status >= 500 or code in PASSING:
        return Transient(f"Slack: {status} {code}")
    return TargetDown(f"Slack: {code}") if code in DOWN else Permanent(code)
