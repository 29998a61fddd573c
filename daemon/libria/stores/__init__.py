"""Memory, and later disk and Redis, behind the protocols that the layers declare."""
