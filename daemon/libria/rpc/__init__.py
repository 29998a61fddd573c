"""The only code that knows JSON-RPC and pygls."""
