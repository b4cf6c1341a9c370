"""Detection: a text in, typed casualty claims out. Pure, deterministic, no I/O beyond the shipped word lists."""

from processing.detect.engine import DETECTOR_VERSION, detect

__all__ = ["DETECTOR_VERSION", "detect"]
