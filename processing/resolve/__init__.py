"""RESOLVE: which disclosure a claim belongs to, and whether it says anything new."""

from processing.resolve.intake import ClaimOutcome
from processing.resolve.resolver import Outcome, ResolveContext, resolve_document

__all__ = ["ClaimOutcome", "Outcome", "ResolveContext", "resolve_document"]
