"""Whether a file has about as many rows as its source usually brings; imports batch and settings."""

from __future__ import annotations

import statistics

from pipelines.errors import DataRefusedError
from pipelines.landing.batch import Batch
from pipelines.settings import Settings


def refuse_volume(batch: Batch, history: tuple[Batch, ...], settings: Settings) -> None:
    """Refuse a file whose rows are far off what its source usually brings.

    Raises:
        DataRefusedError: If they are too few or too many, once there is enough history to tell.
    """
    earlier: dict[str, int] = {}
    for known in history:
        same = (known.source, known.table, known.part) == (batch.source, batch.table, batch.part)
        if same and known.file_hash != batch.file_hash:
            earlier[known.file_hash] = known.rows_read
    if len(earlier) < settings.volume_history_files:
        return
    usual = statistics.median(earlier.values())
    if max(usual, batch.rows_read) < settings.max_reject_share_min_rows:
        return
    if batch.rows_read < usual * settings.volume_low_share:
        relation, setting = "far fewer", "volume_low_share"
    elif batch.rows_read > usual * settings.volume_high_share:
        relation, setting = "far more", "volume_high_share"
    else:
        return
    raise DataRefusedError(
        f"it has {batch.rows_read:,} rows of {batch.table}, {relation} than the {usual:,.0f} usual of source "
        f"'{batch.source}'; if that is right, change {setting} under [settings]"
    )
