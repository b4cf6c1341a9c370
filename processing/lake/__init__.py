"""LAKE: raw pages, and what was made of them, as Delta tables in the object store."""
