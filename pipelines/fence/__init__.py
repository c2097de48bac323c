"""The SQL fence: a stranger's query on the warehouse file, in a caged process of its own.

Imports errors and settings only. The gate (`gate`) makes friendly errors; what keeps the machine safe is
the process: `cage` takes the kernel's doors away, and the parent (`process`) ends what runs too long or
grows too big.
"""

from pipelines.fence.pointer import published_warehouse
from pipelines.fence.pool import FencePool
from pipelines.fence.process import MAX_ROWS, FenceResult, query

__all__ = ["MAX_ROWS", "FencePool", "FenceResult", "published_warehouse", "query"]
