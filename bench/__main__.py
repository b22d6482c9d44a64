"""Run all measurements, or those named: `python -m bench [NAME ...] [--json FILE]`."""

import argparse
import importlib
import json
import os
import platform
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.row import Row
from services.running import collect_seldom

NAMES = ("eventlog", "writer", "relay", "projections", "packaging", "latency", "web", "chat_readers", "commandline")


def main() -> int:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="which measurements; all by default")
    parser.add_argument("--json", type=Path, default=Path("bench.json"))
    arguments = parser.parse_args()
    console = Console()
    collect_seldom()  # as the services do
    found: dict[str, list[Row]] = {}
    for name in arguments.names or NAMES:
        started = time.perf_counter()
        found[name] = importlib.import_module(f"bench.{name}").rows()
        console.print(_table(f"{name} ({time.perf_counter() - started:.0f} s)", found[name]))
    machine = {"python": platform.python_version(), "cpus": os.cpu_count(), "system": platform.platform()}
    arguments.json.write_text(json.dumps({"machine": machine, "rows": found}, indent=2) + "\n", encoding="utf-8")
    console.print(f"Written to {arguments.json}. Machines are noisy: compare ratios, not absolute figures.")
    return 0


def _table(title: str, rows: list[Row]) -> Table:
    table = Table("figure", "value", "unit", "limit, same run", "ratio", "target", title=title, title_justify="left")
    for row in rows:
        limit = "" if row.get("limit") is None else f"{row['limit']:,.4g}"
        ratio = "" if row.get("ratio") is None else f"{row['ratio']:.2f}"
        table.add_row(row["name"], f"{row['value']:,.4g}", row["unit"], limit, ratio, row.get("target", ""))
    return table


if __name__ == "__main__":
    sys.exit(main())
