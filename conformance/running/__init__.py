"""Runs a check: its preparation, its plan, its workers, and its assessment."""
