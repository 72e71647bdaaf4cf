"""The normative text."""
