"""The daemon's log: JSON lines in files that rotate, and spans for whoever collects them."""
