"""``python -m snaptree.conformance.remote.server NAME``: serve a driver over stdin and stdout."""

from snaptree.conformance.drivers.remote.server import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
