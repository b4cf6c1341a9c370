"""The three ways a stage may fail."""


class VigilError(Exception):
    """Base of the project's own errors."""


class ConfigError(VigilError):
    """Wrong configuration: the message names the file, the field and the mend. Retrying does not help."""


class Retry(VigilError):
    """The outside world failed (store, database, provider); the same work may succeed later."""


class Quarantine(VigilError):
    """A page that must not be processed; `reason` is a short slug for counting."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
