"""The providers, as rows: one file a family of wire formats. A new one is one row here."""
