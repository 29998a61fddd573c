"""Clients of the daemon: standard library only."""
