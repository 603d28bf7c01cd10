"""`wattbench measure`, as people run it: a process of its own around a command of theirs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from fake_nvml.fixtures import FakeNvml

WATTBENCH = [sys.executable, "-c", "from wattbench.cli import main; main()", "measure"]
# A command that tells when it began and ended, by the clock that all processes share.
SLEEPER = (
    "import sys, time; print(time.monotonic(), flush=True); time.sleep(float(sys.argv[1])); print(time.monotonic())"
)
LARGEST_ERROR = 0.005
SLEEPER_UNTIL_KILLED = "import time; print(flush=True); time.sleep(30)"
BUSY = [sys.executable, "-c", "sum(range(3_000_000))"]


def start(*arguments: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # A session of its own: no terminal passes signals on beside us.
    return subprocess.Popen([*WATTBENCH, *arguments], env=env, start_new_session=True, **pipes)


def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    process = start(*arguments, env=env)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {gate["name"]: gate["verdict"] for gate in report["gates"]}


def error_of(process: subprocess.Popen[str], nvml: FakeNvml) -> float:
    """Give how far a finished window is from what the library integrated: the worse of counter and sampled power."""
    out, err = process.communicate(timeout=60)
    report = json.loads(err)
    began, ended = map(float, out.split())
    opened, closed = (report["notes"][f"{edge}_monotonic_seconds"] for edge in ("opened", "closed"))
    assert opened <= began < ended <= closed
    assert closed - opened == pytest.approx(report["seconds"])
    truth = nvml.true_joules(opened, closed)
    return max(abs(report[name] / truth - 1) for name in ("joules", "sampled_joules"))


def test_windows_of_half_a_second_to_five_agree_with_the_truth_within_half_a_percent(nvml: FakeNvml) -> None:
    nvml.change(watts=412.5)

    def begin(length: str) -> subprocess.Popen[str]:
        return start("--json", "--", sys.executable, "-c", SLEEPER, length, env=nvml.environment())

    running = {}
    for length in ("0.5", "0.73", "1.1", "2.3", "5"):
        running[length] = begin(length)
        time.sleep(0.15)  # so that not all start on the same core at once
    errors = {length: [error_of(process, nvml)] for length, process in running.items()}
    for length, found in errors.items():
        if found[0] > LARGEST_ERROR:  # a machine that stalls at an edge may spoil one window, not the most of three
            found += [error_of(begin(length), nvml) for _ in range(2)]
        assert sorted(found)[len(found) // 2] <= LARGEST_ERROR, (length, found)


def test_a_change_of_power_while_the_command_runs_is_counted(nvml: FakeNvml) -> None:
    process = start("--json", "--", sys.executable, "-c", SLEEPER, "1.5", env=nvml.environment())
    assert process.stdout is not None
    process.stdout.readline()  # it has begun
    time.sleep(0.5)
    nvml.change(watts=650)
    report = json.loads(process.communicate(timeout=60)[1])
    opened, closed = (report["notes"][f"{edge}_monotonic_seconds"] for edge in ("opened", "closed"))
    assert report["joules"] == pytest.approx(nvml.true_joules(opened, closed), rel=0.005)
    assert report["joules"] > 1.2 * 300 * report["seconds"]


def test_the_report_shows_counter_and_sampled_power_side_by_side(nvml: FakeNvml) -> None:
    nvml.add_gpu(watts=100)
    done = run("--", "sleep", "0.3", env=nvml.environment())
    assert done.stdout == ""
    head, first, second, total = (done.stderr.splitlines()[line] for line in range(5, 9))
    assert head.split() == ["counter", "sampled", "power", "samples"]
    assert first.startswith("  GPU 0")
    assert second.endswith("GPU-fa4e0000-0000-0000-0000-000000000001")
    assert total.split()[0] == "total"
    assert "estimated" not in done.stderr


def test_a_stand_in_always_carries_a_gate_that_fails(nvml: FakeNvml) -> None:
    done = run("--json", "--", "sleep", "0.2", env=nvml.environment())
    report = json.loads(done.stderr)
    assert verdicts(report)["device"] == "fail"
    assert "FAKE" in report["meter"]["gpus"][0]["name"]
    assert "FAKE" in run("--", "true", env=nvml.environment()).stderr


def test_others_on_the_gpu_and_throttling_fail_their_gates(nvml: FakeNvml) -> None:
    process = start("--json", "--", sys.executable, "-c", SLEEPER, "0.8", env=nvml.environment())
    assert process.stdout is not None
    process.stdout.readline()
    nvml.change(compute=[101, 102], reasons=0x08 | 0x20)
    judged = verdicts(json.loads(process.communicate(timeout=60)[1]))
    assert judged["other processes"] == "fail"
    assert judged["hardware throttling"] == "fail"
    assert judged["software thermal"] == "fail"
    assert judged["counter and power"] == "pass"


def test_sensors_that_disagree_with_the_counter_fail_their_gate(nvml: FakeNvml) -> None:
    nvml.change(sensor_scale=1.2)
    report = json.loads(run("--json", "--", "sleep", "0.4", env=nvml.environment()).stderr)
    assert verdicts(report)["counter and power"] == "fail"


def test_a_gpu_lost_on_the_way_leaves_null_and_the_reason(nvml: FakeNvml) -> None:
    process = start("--json", "--", sys.executable, "-c", SLEEPER, "0.6", env=nvml.environment())
    assert process.stdout is not None
    process.stdout.readline()
    nvml.change(lost=1)
    report = json.loads(process.communicate(timeout=60)[1])
    assert process.returncode == 0
    assert report["joules"] is None
    assert "stopped answering" in report["reason"]
    assert verdicts(report)["reading"] == "fail"


def test_the_commands_output_and_input_are_its_own() -> None:
    shout = "import sys; print(sys.stdin.read().upper(), end='')"
    done = subprocess.run(
        [*WATTBENCH, "--meter", "estimate", "--", sys.executable, "-c", shout],
        input="quiet\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "QUIET\n"


def test_options_after_the_command_are_the_commands() -> None:
    done = run("--meter", "estimate", sys.executable, "-c", "import sys; print(sys.argv[1:])", "--json", "-o", "x")
    assert done.stdout == "['--json', '-o', 'x']\n"


@pytest.mark.parametrize(
    ("code", "status"),
    [("pass", 0), ("import sys; sys.exit(3)", 3), ("import os; os.kill(os.getpid(), 9)", 137)],
)
def test_the_exit_status_is_the_commands_own(code: str, status: int) -> None:
    assert run("--meter", "estimate", "--", sys.executable, "-c", code).returncode == status


def test_a_command_that_cannot_start_ends_as_in_a_shell(tmp_path: Path) -> None:
    missing = run("--meter", "estimate", "--json", "--", str(tmp_path / "nothing"))
    assert missing.returncode == 127
    assert json.loads(missing.stderr)["estimated_joules"] is None
    plain = tmp_path / "plain"
    plain.write_text("no program")
    assert run("--meter", "estimate", "--", str(plain)).returncode == 126


def test_estimated_figures_are_called_estimated_in_text_and_keys() -> None:
    report = json.loads(run("--meter", "estimate", "--json", "--", *BUSY).stderr)
    assert report["kind"] == "estimated"
    assert report["estimated_joules"] == pytest.approx(4 * report["notes"]["cpu_seconds"])
    assert report["meter"]["source"].startswith("4 W per hardware thread")
    energy = {key for key in report if "joules" in key or "watts" in key}
    assert energy == {"estimated_joules", "estimated_mean_watts"}
    text = run("--watts-per-core", "7", "--", *BUSY).stderr.splitlines()
    assert all(line.endswith("(estimated)") for line in text if line.startswith(("  energy", "  power")))
    assert any("7 W a busy core" in line and "declared" in line for line in text)


def test_cpu_seconds_of_grandchildren_count() -> None:
    code = f"import subprocess; subprocess.run({[sys.executable, '-c', 'sum(range(30_000_000))']!r})"
    report = json.loads(run("--meter", "estimate", "--json", "--", sys.executable, "-c", code).stderr)
    assert report["notes"]["cpu_seconds"] > 0.2


def test_the_report_goes_to_a_file_where_one_is_named(tmp_path: Path) -> None:
    done = run("--meter", "estimate", "--json", "-o", str(tmp_path / "report.json"), "--", *BUSY)
    assert done.stderr == ""
    assert json.loads((tmp_path / "report.json").read_text())["exit_status"] == 0


def test_ctrl_c_reaches_the_command_and_the_reading_is_printed_all_the_same() -> None:
    code = (
        "import sys, time\n"
        "try:\n    print('ready', flush=True); time.sleep(30)\n"
        "except KeyboardInterrupt:\n    print('cleaned up'); sys.exit(5)"
    )
    process = start("--meter", "estimate", "--json", "--", sys.executable, "-c", code)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out == "cleaned up\n"
    assert process.returncode == 5
    assert json.loads(err)["estimated_joules"] > 0


def test_a_command_killed_by_a_signal_still_gets_its_report() -> None:
    process = start("--meter", "estimate", "--json", "--", sys.executable, "-c", SLEEPER_UNTIL_KILLED)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + signal.SIGTERM
    assert json.loads(err)["exit_status"] == 143


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--meter", "nvml"], "NVIDIA driver"),
        (["--meter", "steam"], "there is no meter 'steam'"),
        (["--meter", "zeus"], "not part of this installation"),
        (["--meter", "rapl", "--gpu", "0"], "--gpu is for the meter nvml"),
        (["--gpu", "0", "--watts-per-core", "3"], "give one of them"),
        (["--watts-per-core", "-1"], "above 0"),
    ],
)
def test_a_meter_that_cannot_be_had_is_told_in_one_line_and_nothing_runs(
    options: list[str], reason: str, tmp_path: Path, fake_nvml_library: Path
) -> None:
    # The stand-in without a state is a library without a driver, on machines with a GPU too.
    env = os.environ | {"LD_LIBRARY_PATH": str(fake_nvml_library.parent)}
    env.pop("FAKE_NVML_STATE", None)
    done = run(*options, "--", "touch", str(tmp_path / "ran"), env=env)
    assert done.returncode == 125
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "ran").exists()


def test_a_better_meter_that_was_passed_over_is_told_with_the_reason() -> None:
    without_driver = {name: value for name, value in os.environ.items() if name != "FAKE_NVML_STATE"}
    report = json.loads(run("--json", "--", "true", env=without_driver).stderr)
    passed_over = {one["meter"]: one["reason"] for one in report["passed_over"]}
    assert "NVIDIA driver" in passed_over["nvml"]
    told = run("--", "true", env=without_driver).stderr
    assert all(f"not {name}: {why}" in told for name, why in passed_over.items())
    asked = run("--meter", "estimate", "--json", "--", "true", env=without_driver).stderr
    assert json.loads(asked)["passed_over"] == []  # who asks for a meter needs no reason


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, wattbench.cli.measure_command, wattbench.cli\n"
        "heavy = {'pynvml', 'torch', 'polars', 'psutil', 'yaml', 'jinja2', 'huggingface_hub', 'scipy'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
