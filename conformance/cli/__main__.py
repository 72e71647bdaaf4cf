"""``python -m snaptree.conformance.cli``: the command, where its script is not on PATH."""

from snaptree.conformance.cli import main

if __name__ == "__main__":
    main()
