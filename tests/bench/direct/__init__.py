"""What one would use without Libria, against the same simulator."""
