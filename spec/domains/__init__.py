"""Domains of arguments as data: the classes of values of each argument, and where each of them occurs."""
