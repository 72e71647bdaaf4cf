"""Judging drivers: the lockstep engine, where sequences come from, reports, and the ``snaptree`` command."""
