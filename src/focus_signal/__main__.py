"""`python -m focus_signal`: the same as the command `focus-signal`."""

import sys

from focus_signal.cli import main

if __name__ == "__main__":
    sys.exit(main())
