"""Receiver kinds: a kind is the name of a module here that has `make(receiver, connect, config) -> Sender`.

A new kind is one file, and one model in config.py that says what its entry in config/vigil.yaml may hold.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

from processing.alert.outbox import DeliveryJob, DigestJob, Sender, Sent, TargetDown
from processing.config import VigilConfig
from processing.errors import VigilError

log = logging.getLogger("vigil.receivers")


@dataclass(frozen=True)
class ByReceiver:
    """The sender of a kind: hands each job to the receiver of config/vigil.yaml that it is for."""

    senders: Mapping[str, Sender]

    def find(self, job: DeliveryJob | DigestJob) -> str | None:
        """See Sender."""
        return self._of(job).find(job)

    def send(self, job: DeliveryJob | DigestJob) -> Sent:
        """See Sender."""
        return self._of(job).send(job)

    def _of(self, job: DeliveryJob | DigestJob) -> Sender:
        if job.receiver not in self.senders:
            raise TargetDown(f"receiver {job.receiver!r} is no longer in config/vigil.yaml")
        return self.senders[job.receiver]


def build(config: VigilConfig, clients: Mapping[str, Callable[[str], Any]]) -> dict[str, Sender]:
    """A sender for each kind in use. `clients[kind](connection)` opens an SMTP or Slack client.

    Nothing is opened here: a connection that is missing stops its own receiver, when that has something to send.
    """
    kinds: dict[str, dict[str, Sender]] = defaultdict(dict)
    for name, receiver in config.receivers.items():
        connect = partial(_open, clients[receiver.kind], receiver.connection)
        module = import_module(f"{__name__}.{receiver.kind}")
        kinds[receiver.kind][name] = module.make(receiver, connect, config)
    return {kind: ByReceiver(senders) for kind, senders in kinds.items()}


def _open(client: Callable[[str], Any], connection: str) -> Any:
    """A client; TargetDown where waiting does not help. What the network raises is for the receiver to read."""
    try:
        return client(connection)
    except (OSError, VigilError):
        raise
    except Exception as error:  # whatever the keeper of connections raises for one that is missing or wrong
        log.exception("connection %r cannot be opened", connection)
        # The message stays out of the ledger and the lake: it may quote what stands in the connection.
        said = f"connection {connection!r} cannot be opened ({type(error).__name__}), see the log"
        raise TargetDown(said) from error
