"""Plumbline's engine: from exported files to numbers that can be trusted.

The rooms and who may import whom are kept by `lint-imports` (see pyproject.toml).
"""

import os

# The matrices of our models are small: on them BLAS threads cost up to six times what they save. Read by
# numpy when it is first imported; who has set it keeps what was set.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
