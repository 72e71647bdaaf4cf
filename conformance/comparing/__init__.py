"""Compares hypervisors: sequences on which their profiles disagree, and the result of each on all of them."""
