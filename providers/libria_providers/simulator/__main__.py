"""`python -m libria_providers.simulator`."""

import sys

from libria_providers.simulator.cli import main

raise SystemExit(main(sys.argv[1:]))
