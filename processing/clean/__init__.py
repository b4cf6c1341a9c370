"""CLEAN: stored pages to texts with title, language, date and identity."""

from processing.clean.model import EXTRACTOR_VERSION, Cleaned, CleanText
from processing.clean.page import clean_page
from processing.clean.pool import CleanPool

__all__ = ["EXTRACTOR_VERSION", "CleanPool", "CleanText", "Cleaned", "clean_page"]
