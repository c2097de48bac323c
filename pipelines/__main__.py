"""`python -m pipelines` is `plumbline`."""

import sys

from pipelines.cli import main

sys.exit(main())
