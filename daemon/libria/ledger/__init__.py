"""The ledger: what every call cost, whose it was and how it went; nothing of what was said in it."""
