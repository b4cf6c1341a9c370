"""`python -m processing` is `vigil`."""

from processing.cli import main

main()
