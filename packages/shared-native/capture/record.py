#!/usr/bin/env python3
"""Record a model on this machine's GPU; the same as the installed command `cotenant-record`."""

import sys

from cotenant_capture.cli import main

if __name__ == "__main__":
    sys.exit(main())
