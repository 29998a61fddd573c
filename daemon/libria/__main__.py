"""`python -m libria`: the same as the command `libria`."""

import sys

from libria.cli import main

sys.exit(main())
