"""Receivers of config/vigil.yaml, connected through Airflow's hooks: the only place where secrets are read."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

from airflow.providers.slack.hooks.slack import SlackHook
from airflow.providers.smtp.hooks.smtp import SmtpHook

if TYPE_CHECKING:
    from processing.alert.outbox import Sender
    from processing.config import VigilConfig
