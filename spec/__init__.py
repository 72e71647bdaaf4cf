"""The normative text and the executable model. Imports nothing of snaptree but its schemas."""
