"""What comes through npm, which a machine need not have: why a test that wants it may be skipped even under CI."""

from __future__ import annotations

WHY = "html-validate comes through npm, which a machine need not have"
