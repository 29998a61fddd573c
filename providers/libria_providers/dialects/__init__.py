"""One wire format a file: encode a call, decode what comes back, read errors."""
