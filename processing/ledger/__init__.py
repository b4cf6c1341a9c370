"""The ledger: what is known, what was decided, and what must still be sent."""

from processing.ledger.engine import open_ledger, reading, writing
from processing.ledger.store import DeliveryRow, Ledger, VersionEntry

__all__ = ["DeliveryRow", "Ledger", "VersionEntry", "open_ledger", "reading", "writing"]
