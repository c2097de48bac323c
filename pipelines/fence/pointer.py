"""Which warehouse file is the published one; imports errors and settings."""

from __future__ import annotations

import json
from pathlib import Path

from pipelines.errors import StateError
from pipelines.settings import STATE_FOLDER


def published_warehouse(root: Path) -> Path:
    """The file that a workspace's pointer names.

    Args:
        root: Folder of the workspace.

    Raises:
        StateError: If nothing was ever published, or the pointer or the file it names is damaged.
    """
    folder = root / STATE_FOLDER / "warehouse"
    try:
        name = json.loads((folder / "current.json").read_text("utf-8"))["file"]
    except FileNotFoundError:
        raise StateError(
            f"nothing was loaded yet in {root}; run 'plumbline load --workspace {root}' first."
        ) from None
    except (ValueError, KeyError, TypeError):
        raise StateError(
            f"the pointer to the published warehouse in {root} is damaged; "
            f"run 'plumbline load --workspace {root}' to publish again."
        ) from None
    # Only a name beside the pointer is followed: a pointer is no way to open another folder's file.
    file = folder / Path(str(name)).name
    if not file.is_file():
        raise StateError(
            f"the published warehouse {file.name} is missing in {root}; "
            f"run 'plumbline load --workspace {root}' to build it again."
        )
    return file
