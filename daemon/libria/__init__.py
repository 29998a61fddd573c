"""One daemon per user for every call to a language model."""

__version__ = "0.1.0"
