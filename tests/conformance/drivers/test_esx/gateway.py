"""A gateway between a driver and a host that can stop passing anything on, or cut every connection."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress

from snaptree.conformance.drivers.esx.settings import Address


class Gateway:
    """Passes bytes between its own port on loopback and a host, while ``open`` is set."""

    def __init__(self, host: Address) -> None:
        self._host = host
        self.open = threading.Event()
        self.open.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address("127.0.0.1", self._listener.getsockname()[1])
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._ended = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End every connection that there is; new ones are let through."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End everything."""
        self._ended = True
        self.open.set()
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while not self._ended:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection((self._host.host, self._host.port))
            except OSError:
                return
            self._pairs.append((near, far))
            threading.Thread(target=self._pass_on, args=(near, far), daemon=True).start()

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        with near, far, suppress(OSError):
            while True:
                ready, _, _ = select.select([near, far], [], [])
                self.open.wait()
                for end in ready:
                    piece = end.recv(1 << 16)
                    if not piece:
                        return
                    (far if end is near else near).sendall(piece)
