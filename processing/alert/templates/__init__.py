"""Templates and words of the alerts."""
