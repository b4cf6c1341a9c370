"""Build-time scripts: their output is shipped, their dependencies are not."""
