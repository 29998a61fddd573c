"""How fast Libria is and how much it weighs, each figure beside a direct call: `python -m tests.bench`."""
