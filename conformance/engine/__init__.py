"""Takes one step on model and driver, and compares the results."""
