"""The control charts of hosts, from the reference models' runs: the geometry, and what a table says of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING

from wattbench.fleet import control_chart
from wattbench.fleet.control_chart import BASE, Reference, Side
from wattboard.charts import Axis

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wattbench.fleet.control_chart import Chart, Point
    from wattboard.gathering.filed import Filed

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 190, 56, 630, 14, 164
SHOWN = 60  # sessions on a chart, the newest
DRAWN = 24  # charts on the page, those out of control first


@dataclass(frozen=True, slots=True)
class HostChart:
    """A chart ready to draw: x and y in SVG units; `rows` say in per cent what is drawn."""

    key: str
    chart: Chart
    axis: Axis
    dots: tuple[tuple[float, float, bool, str], ...]
    ewma: str
    upper: str
    lower: str
    rows: tuple[tuple[str, str, float, float | None, float | None, bool], ...]

    @property
    def out(self) -> bool:
        """Whether the host is out of control now."""
        return self.chart.why_out is not None


def charts(filed: Iterable[Filed]) -> list[Chart]:
    """Draw up every chart of these runs: those out of control first, then the newest."""
    found = control_chart.charts(control_chart.paired(side for one in filed if (side := _side(one)) is not None))
    return sorted(found, key=lambda one: (one.why_out is None, _backwards(one.points[-1].reference.at)))


def _backwards(at: str) -> tuple[int, ...]:
    return tuple(-ord(letter) for letter in at)


def _side(one: Filed) -> Side | None:
    """Read a reference run's few figures; the whole run was checked when it was gathered."""
    if one.role == "candidate":
        return None
    told = json.loads(one.data)
    level = control_chart.level_of([(each["joules"], each["queries"]) for each in told["passes"]])
    if level is None:
        return None
    device = told["device"]["uuid"] or told["device"]["sku"]
    return Side(one.role, Reference(one.measured_at, one.session, device, one.board, level))


def drawn(charts: Iterable[Chart]) -> list[HostChart]:
    """Lay out the charts that have more than their base."""
    found = [one for one in charts if len(one.points) > BASE]
    return [_draw(f"host-{number}", one) for number, one in enumerate(found[:DRAWN])]


def _draw(key: str, chart: Chart) -> HostChart:
    points, centre = chart.points[-SHOWN:], chart.centre or 0.0
    reach = max(abs(value) for point in points for value in (point.reference.level - centre, point.limit or 0.0))
    axis = Axis(-100 * reach * 1.1, 100 * reach * 1.1, BOTTOM, TOP)
    step = (RIGHT - LEFT) / max(len(points), 2)
    places = [round(LEFT + step * (number + 0.5), 1) for number in range(len(points))]
    watched = [(x, point) for x, point in zip(places, points, strict=True) if point.ewma is not None]
    return HostChart(
        key=key,
        chart=chart,
        axis=axis,
        dots=tuple(
            (x, axis.at(100 * (point.reference.level - centre)), point.out, _about(point, centre))
            for x, point in zip(places, points, strict=True)
        ),
        ewma=_path((x, axis.at(100 * (point.ewma or 0.0))) for x, point in watched),
        upper=_path((x, axis.at(100 * (point.limit or 0.0))) for x, point in watched),
        lower=_path((x, axis.at(-100 * (point.limit or 0.0))) for x, point in watched),
        rows=tuple(_row(point, centre) for point in reversed(points)),
    )


def _path(places: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in places)


def _percent(log: float | None) -> float | None:
    return None if log is None else 100 * (exp(log) - 1)


def _row(point: Point, centre: float) -> tuple[str, str, float, float | None, float | None, bool]:
    one = point.reference
    off = 100 * (exp(one.level - centre) - 1)
    return one.at[:10], one.session, off, _percent(point.ewma), _percent(point.limit), point.out


def _about(point: Point, centre: float) -> str:
    return f"{point.reference.at[:10]}: {100 * (exp(point.reference.level - centre) - 1):+.2f} %"
