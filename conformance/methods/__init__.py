"""The methods: each finds sequences of operations."""
