"""Mail and Slack clients from Airflow connections: the only place where their secrets are read."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING, cast

from airflow.providers.slack.hooks.slack import SlackHook
from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException

from processing.alert.receivers import build

if TYPE_CHECKING:
    from slack_sdk import WebClient

    from processing.alert.outbox import Sender
    from processing.config import VigilConfig

SECONDS = 30  # below the outbox's lease of 120 s


def build_senders(config: VigilConfig) -> dict[str, Sender]:
    """A sender for each receiver kind in use, connected through Airflow's hooks."""
    return build(config, {"email": _smtp, "slack": _slack})


def _smtp(connection: str) -> smtplib.SMTP:
    """A connected client. The hook's own send is not used: it calls a message with a refused recipient sent.

    Raises ConnectionError for what a later try may mend.
    """
    try:
        hook = SmtpHook(smtp_conn_id=connection).get_conn()
    except AirflowNotFoundException:  # no such connection: not for a later try to mend
        raise
    except AirflowException as error:  # how the hook reports a server that hangs up
        raise ConnectionError(f"Airflow connection {connection!r}: {error}") from error
    return cast("smtplib.SMTP", hook._smtp_client)


def _slack(connection: str) -> WebClient:
    """A client without slack_sdk's own retry, which posts twice when a connection is reset."""
    return SlackHook(slack_conn_id=connection, retry_handlers=[], timeout=SECONDS).get_conn()
