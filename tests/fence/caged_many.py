"""Run by test_attacks: one caged process that tries many queries, with the gate or without it."""

# ruff: noqa: T201 - a script that answers on standard output

import io
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipelines.fence import worker

path, gate_is_open = sys.argv[1], sys.argv[2] == "open"
if gate_is_open:
    worker.gate.admit = lambda connection, sql: sql
connection = worker.open_locked(path, memory_mb=64, seconds=1.0)
tables = worker.warm(connection)
worker.cage.close(extra_memory_bytes=256 * worker.MEGABYTE, cpu_seconds=60)

outcomes = []
for sql in json.loads(sys.stdin.read()):
    out = io.BytesIO()
    try:
        worker.answer(connection, {"sql": sql, "max_rows": 2_000, "max_bytes": 1_000_000}, out)
        rows = worker.pa.ipc.open_stream(out.getvalue()).read_all().to_pylist()
        outcomes.append({"sql": sql, "ran": True, "said": repr(rows)})
    except Exception as error:
        outcomes.append({"sql": sql, "ran": False, "said": worker.words.sentence(error, sql, tables)})
print(json.dumps(outcomes))
