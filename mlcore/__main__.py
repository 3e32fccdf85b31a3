"""Run the command line: `python -m mlcore`."""

import sys

from mlcore.cli.main import main

sys.exit(main())
