"""One daemon per user for every call to a language model."""

__version__ = "0.1.0"

PROTOCOL = 1
"""Major version of what Libria's own processes say to each other; those of one number work together, whatever
their own versions are."""
