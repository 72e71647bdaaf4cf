"""Texts that act on whoever prints, parses or stores them, and a driver that says them everywhere."""

from __future__ import annotations

from typing import Final

HOSTILE: Final = {
    "markup": "device [/dev/sda] is [/bold] [conceal]busy[/conceal] [link=file:///etc]here[/link] [red",
    "backslash": "ends with a backslash \\",
    "emoji": ":bug: :smile:",
    "escape": "\x1b]0;title\x07\x1b[2J\x1b[31mred",
    "c1": "\x9b2J\x90q\x9c\x85",
    "right to left": "abc\u202e\u2066dcba\u200f",
    "nul": "a\x00b\x7f",
    "surrogate": "half \ud800 of \udfff one",
    "separators": "one\u2028two\u2029three\x0b\x0c\x1c\x1e\r\nfour",
    "html": "<script>alert('x')</script>]]>&amp;\"'<!--",
    "not XML": "\ufffe\uffff\x01",
    "huge": "x" * 2_000_000,
    "format": "%s {0} {name!r} $(id) `id` ; rm -rf / && '",
    "braces": "{" * 500,
}

DRIVER: Final = """
from hostile_text import TEXT
from snaptree.conformance.drivers.simulator import SimulatedDomain, SimulatorDriver
from snaptree.spec.outcomes import InvalidPowerState


class Domain(SimulatedDomain):
    calls = 0

    def describe(self, snapshot, description):
        raise RuntimeError(TEXT)

    def rename(self, snapshot, name):
        refusal = InvalidPowerState(TEXT, casualties=[TEXT])
        refusal.native = {"system": TEXT, "code": TEXT, "text": TEXT}
        raise refusal

    def lookup_by_name(self, name):
        return TEXT

    def observe(self):
        seen = super().observe()
        Domain.calls += 1
        if Domain.calls > 60 and Domain.calls % 5 == 0:
            seen["current"] = TEXT
            for entry in seen["snapshots"]:
                entry["name"] = entry["description"] = entry["uuid"] = TEXT
        return seen


class Driver(SimulatorDriver):
    domain_class = Domain
    announcement = TEXT

    def __init__(self, options=None):
        super().__init__(options)
        self.name = self.version = TEXT


class Missing(SimulatorDriver):
    def __init__(self, options=None):
        from snaptree.conformance.driver import DriverUnavailable
        raise DriverUnavailable(TEXT, install=TEXT)


class Ends(SimulatorDriver):
    domain_class = Domain

    def open(self, *given, **named):
        domain = super().open(*given, **named)
        def close():
            raise RuntimeError(TEXT)
        domain.close = close
        return domain
"""
