"""Generates the Markdown pages of the site from the specification; they are never committed."""
