"""Turns differences into deviations, known ones among them, and into the verdict."""
