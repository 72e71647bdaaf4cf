"""Where operation sequences come from."""
