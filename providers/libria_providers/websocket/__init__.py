"""Responses over a WebSocket, in front of a pool."""
