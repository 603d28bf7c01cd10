"""What a trace tells, and its drawing: synthetic traces whose events are known."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import trace_factory as make
from hypothesis import given
from hypothesis import strategies as some

from wattbench.runs import Trace
from wattboard import formats
from wattboard.charts import timelines, traces
from wattboard.pages import filling

SVG = "{http://www.w3.org/2000/svg}"
TRACE = Trace(sha256="ab" * 32, rows=1)
PLAN = make.phases(12.0)


def told(gpus: tuple[str, ...] = ("GPU-aaaa",), **changes: Any) -> traces.Told:
    return traces.tell(make.run(PLAN, TRACE), make.rows(PLAN, gpus, **changes))


def drawn(one: traces.Told, form: timelines.Form = timelines.WIDE) -> timelines.Timeline:
    return timelines.timeline(make.run(PLAN, TRACE), one, form, heading=True)


def test_phases_and_passes_are_told_in_the_order_of_time() -> None:
    found = told()
    assert [one.name for one in found.stretches] == [name for name, *_ in PLAN]
    assert [one.number for one in found.passes] == [1, 2, 3, 4, 5]
    assert found.stretches[0].start == pytest.approx(0, abs=1e-6)
    assert found.seconds == pytest.approx(PLAN[-1][2] - make.BEGUN, abs=0.2)
    assert found.passes[0].watts == make.LOAD


def test_a_pass_without_its_own_times_is_its_phase() -> None:
    run = make.run(PLAN, TRACE)
    bare = tuple(one.model_copy(update={"opened_seconds": None, "mean_watts": None}) for one in run.passes)
    assert traces.tell(run.model_copy(update={"passes": bare}), make.rows(PLAN)).passes == told().passes


def test_throttling_is_one_alarm_with_its_reason_and_length() -> None:
    found = told(throttled=(40.0, 43.0)).alarms
    assert [one.why for one in found] == ["clocks held back: hardware-thermal"]
    assert found[0].start == pytest.approx(40.0, abs=0.11)
    assert found[0].end == pytest.approx(43.0, abs=0.11)


def test_a_power_cap_or_an_idle_clock_is_no_alarm() -> None:
    rows = [row | {"event_reasons": 0x4 | 0x1} for row in make.rows(PLAN)]
    assert traces.tell(make.run(PLAN, TRACE), rows).alarms == ()


def test_missing_samples_are_counted_and_break_the_curve() -> None:
    found = told(missing=(50.0, 52.0))
    (gap,) = found.alarms
    assert gap.missing == 20
    assert traces.notes(found) == ("20 samples missing",)
    for panel in drawn(found).panels:
        assert all(curve.path.count("M") == 2 for curve in panel.curves)


def test_a_gpu_that_stopped_answering_is_missing_to_the_end() -> None:
    empty = dict.fromkeys(("instant_watts", "average_watts", "event_reasons", "celsius", "sm_mhz", "memory_mhz"))
    rows = [row | empty if index >= 400 else row for index, row in enumerate(make.rows(PLAN))]
    (gap,) = traces.tell(make.run(PLAN, TRACE), rows).alarms
    assert gap.start == pytest.approx(39.9, abs=0.01)
    assert gap.end == pytest.approx(rows[-1]["seconds"] - make.BEGUN, abs=0.01)


def test_the_same_trouble_on_several_gpus_is_said_once() -> None:
    found = told(("GPU-a", "GPU-b"), throttled=(40.0, 43.0))
    assert len(found.alarms) == 2
    assert traces.notes(found) == ("clocks held back: hardware-thermal, up to 3.0 s on each of 2 GPUs",)
    assert len(drawn(found).alarms) == 1


def test_trouble_on_one_of_several_gpus_names_it() -> None:
    rows = make.rows(PLAN, ("GPU-a", "GPU-b"))
    rows = [
        row | {"event_reasons": 0x80} if row["gpu"] == "GPU-b" and 50 < index < 60 else row
        for index, row in enumerate(rows)
    ]
    (note,) = traces.notes(traces.tell(make.run(PLAN, TRACE), rows))
    assert note.startswith("clocks held back: power-brake")
    assert note.endswith("on GPU 1")


def test_the_power_of_several_gpus_is_their_sum() -> None:
    one, two = traces.power(told()), traces.power(told(("GPU-a", "GPU-b")))
    assert traces.mean(two) == pytest.approx(1.9 * (traces.mean(one) or 0), rel=0.02)


def test_a_gpu_without_power_makes_the_sum_absent() -> None:
    quiet = {"instant_watts": None, "average_watts": None}
    rows = [row | quiet if row["gpu"] == "GPU-b" else row for row in make.rows(PLAN, ("GPU-a", "GPU-b"))]
    assert traces.power(traces.tell(make.run(PLAN, TRACE), rows)) == []


def test_a_sensor_that_is_absent_has_no_curve_and_a_quantity_without_any_no_panel() -> None:
    rows = [row | {"instant_watts": None, "usage_watts": 100.0, "celsius": None} for row in make.rows(PLAN)]
    panels = drawn(traces.tell(make.run(PLAN, TRACE), rows)).panels
    assert [panel.title for panel in panels] == ["Power", "Clocks"]
    assert [curve.name for curve in panels[0].curves] == ["average", "power usage"]


@given(
    some.lists(some.floats(0, 1000), min_size=1, max_size=400),
    some.integers(4, 100),
)
def test_thinning_keeps_the_extremes_and_the_order(values: list[float], most: int) -> None:
    points = [(index * 0.1, value) for index, value in enumerate(values)]
    kept = traces.thin(points, most)
    assert len(kept) <= most or len(kept) == len(points) <= most
    assert kept == sorted(kept)
    assert set(kept) <= set(points)
    assert max(value for _, value in kept) == max(values)
    assert min(value for _, value in kept) == min(values)


def test_levels_are_means_and_none_where_there_is_nothing() -> None:
    assert traces.levels([(0, 2.0), (1, 4.0), (9.9, 7.0)], 10, 5) == [3.0, None, None, None, 7.0]


def test_the_mean_weighs_by_time() -> None:
    assert traces.mean([(0, 0.0), (1, 0.0), (1, 10.0), (2, 10.0)]) == 5.0
    assert traces.mean([]) is None
    assert traces.mean([(3, 8.0)]) == 8.0


def test_a_trace_of_one_row_can_be_told_and_drawn() -> None:
    run = make.run([], TRACE).model_copy(update={"phases": (), "passes": ()})
    found = traces.tell(run, make.rows(PLAN)[:1])
    assert found.seconds > 0
    ET.fromstring(filling.trace(timelines.timeline(run, found)))  # noqa: S314 - our own drawing


def test_a_long_trace_stays_small() -> None:
    run, rows = make.run(make.phases(72.0), TRACE), make.rows(make.phases(72.0))
    assert len(rows) > 6000
    assert len(filling.trace(timelines.timeline(run, traces.tell(run, rows)))) < 40_000


def test_everything_drawn_lies_within_the_picture() -> None:
    for form in (timelines.WIDE, timelines.TALL):
        one = drawn(told(throttled=(40.0, 43.0), missing=(50.0, 52.0)), form)
        spots = [
            tuple(map(float, spot))
            for panel in one.panels
            for curve in panel.curves
            for spot in re.findall(r"([\d.]+) ([\d.]+)", curve.path)
        ]
        assert all(0 <= x <= one.width and 0 <= y <= one.bottom for x, y in spots)
        assert all(span.start >= 0 and span.start + span.width <= one.width for span in one.spans)
        assert all(key[3] < one.width for panel in one.panels for key in panel.keys)


def test_names_that_do_not_fit_are_cut_to_a_letter_and_explained() -> None:
    wide, tall = drawn(told()), drawn(told(), timelines.TALL)
    assert [span.label for span in wide.spans][:3] == ["bare", "context", "warm-up"]
    assert [span.label for span in tall.spans][:2] == ["b", "c"]
    assert tall.notes[-1] == (False, "b: bare idle, c: context idle")


def test_the_svg_stands_alone_and_can_be_read_aloud() -> None:
    text = filling.trace(drawn(told(throttled=(40.0, 43.0))))
    root = ET.fromstring(text)  # noqa: S314 - our own drawing
    assert root.get("role") == "img"
    title, about = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert about is not None
    assert root.get("aria-labelledby") == f"{title.get('id')} {about.get('id')}"
    assert "5 passes at 405, 405, 405, 405, 405 W" in (about.text or "")
    assert "hardware-thermal, 3.0 s" in (about.text or "")
    assert not re.findall(r"var\(--[\w-]+\)", text), "a variable without a literal to fall back on"
    assert not re.findall(r'(?:href|src)="http', text)
    labels = [one.text for one in root.iter(f"{SVG}text")]
    assert {"1", "5", "warm-up", "Power, W", "Temperature, °C", "Clocks, MHz"} <= set(labels)


def test_a_pass_without_energy_is_marked_and_says_why() -> None:
    run = make.run(PLAN, TRACE)
    failed = run.passes[1].model_copy(update={"joules": None, "reason": "its <counter> was reset"})
    run = run.model_copy(update={"passes": (run.passes[0], failed, *run.passes[2:])})
    text = filling.trace(timelines.timeline(run, traces.tell(run, make.rows(PLAN))))
    assert "without energy: its &lt;counter&gt; was reset" in text
    assert text.count('class="t-lane t-lane--pass t-lane--failed"') == 1


def test_several_gpus_have_lines_and_colours_of_their_own() -> None:
    one = drawn(told(("GPU-a", "GPU-b", "GPU-c")))
    assert [curve.gpu for curve in one.panels[0].curves] == [1, 2, 3, 1, 2, 3]
    assert [name for name, *_ in one.panels[1].keys] == ["GPU 0", "GPU 1", "GPU 2"]


def test_the_same_trace_gives_the_same_picture() -> None:
    assert filling.trace(drawn(told())) == filling.trace(drawn(replace(told())))


@pytest.mark.parametrize(("seconds", "said"), [(0, "0:00"), (65, "1:05"), (599.6, "10:00"), (3725, "1:02:05")])
def test_times_read_as_clocks_do(seconds: float, said: str) -> None:
    assert formats.clock(seconds) == said
