"""``snaptree new``: a folder with a driver that runs at once, in the language of its author."""
