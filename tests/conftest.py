"""Rules for every test: under CI a skip is a failure, since there everything that a test needs can be had.

But for the tables that others have published, which are not ours to copy into the project, and for what comes through
npm, which a machine need not have.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import npm
import published
import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Generator

pytest_plugins = ["fake_nvml.fixtures"]

# No test is timed: on a busy machine an example that takes 200 ms is no finding.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def under_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and under_ci() and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if reason.removeprefix("Skipped: ").startswith((published.WHY, npm.WHY)):
            return report
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {reason}"
    return report
