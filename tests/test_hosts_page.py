"""The control charts of hosts on the site: read from run files, drawn, and told in a table."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
import site_factory

from wattbench import runs
from wattbench.fleet.control_chart import BASE
from wattboard import frame
from wattboard.charts import hosts
from wattboard.pages import filling

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FIRST = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def measured(folder: Path, device: str, levels: Sequence[float]) -> None:
    """Write one session a day of a device: the reference model before and after."""
    for number, level in enumerate(levels):
        for minute, role in enumerate(("reference-before", "reference-after")):
            at = FIRST + dt.timedelta(days=number, minutes=minute)
            run = site_factory.run(
                role=role, session=f"{device}-{number}", joules=[level] * 5, at=f"{at:%Y-%m-%dT%H:%M:%SZ}"
            )
            runs.write(run.model_copy(update={"device": run.device.model_copy(update={"uuid": device})}), folder)


def page(folder: Path) -> str:
    charts = hosts.charts(frame.gather([folder]))
    return filling.filled("hosts.j2", charts=charts, drawn=hosts.drawn(charts), base_sessions=BASE)


def test_a_host_that_drifted_stands_first_with_its_reason_and_its_chart(tmp_path: Path) -> None:
    measured(tmp_path, "GPU-steady", [30.0, 30.1] * 8)
    measured(tmp_path, "GPU-drifted", [30.0, 30.1] * 5 + [30.9] * 6)
    measured(tmp_path, "GPU-new", [30.0] * 3)
    charts = hosts.charts(frame.gather([tmp_path]))
    assert [one.device for one in charts] == ["GPU-drifted", "GPU-steady", "GPU-new"]
    html = page(tmp_path)
    assert "its reference model has drifted up by" in html
    assert f"its base is being laid: 3 of {BASE} sessions" in html
    assert html.count("<svg") == 2


def test_the_table_says_what_the_chart_draws(tmp_path: Path) -> None:
    measured(tmp_path, "GPU-1", [30.0] * BASE + [30.3, 30.3])
    (drawn,) = hosts.drawn(hosts.charts(frame.gather([tmp_path])))
    newest, before = drawn.rows[0], drawn.rows[1]
    assert (newest[0], before[0]) == ("2026-01-12", "2026-01-11")
    assert newest[2] == pytest.approx(1.0)
    assert before[3] == pytest.approx(0.2, abs=0.01)  # a fifth of it
    assert [row[3] for row in drawn.rows[2:]] == [None] * BASE
    assert drawn.ewma.count("L") == 1
    assert len(drawn.dots) == BASE + 2
    # higher energy is drawn higher
    assert drawn.dots[-1][1] < drawn.dots[0][1]


def test_a_session_without_both_reference_runs_is_on_no_chart(tmp_path: Path) -> None:
    runs.write(site_factory.run(role="reference-before", session="s"), tmp_path)
    runs.write(site_factory.run(), tmp_path)
    assert hosts.charts(frame.gather([tmp_path])) == []
    assert "No reference model has run" in page(tmp_path)
