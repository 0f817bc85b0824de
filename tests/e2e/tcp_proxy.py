"""A TCP relay between a browser and the server that can be cut like a cable and mended again."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class TcpProxy:
    """Relays every connection to 127.0.0.1:`target_port`; while cut, it resets old and new ones alike."""

    def __init__(self, target_port: int, listener: socket.socket | None = None) -> None:
        self._target_port = target_port
        self._listener = listener or socket.create_server(("127.0.0.1", 0))
        self._guard = threading.Lock()
        self._open: set[socket.socket] = set()
        self._is_cut = False
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="tcp-proxy", daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break all connections, and every new one until `mend`."""
        with self._guard:
            self._is_cut = True
            for end in self._open:
                _reset(end)

    def mend(self) -> None:
        """Let new connections through again."""
        with self._guard:
            self._is_cut = False

    def close(self) -> None:
        """Stop for good."""
        self.cut()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(client,), name="tcp-relay", daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        """Own both ends of one connection until neither direction has more to say."""
        with client, contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", self._target_port)) as server:
                if self._enrol(client, server):
                    back = threading.Thread(target=_pump, args=(server, client), name="tcp-pump", daemon=True)
                    back.start()
                    _pump(client, server)
                    back.join()
                with self._guard:
                    self._open -= {client, server}

    def _enrol(self, client: socket.socket, server: socket.socket) -> bool:
        """Take the connection in, or reset it when the cable is cut."""
        with self._guard:
            if self._is_cut:
                _reset(client)
                return False
            self._open |= {client, server}
            return True


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _reset(end: socket.socket) -> None:
    """Break the connection at once: wake whoever reads from it, and send RST instead of FIN."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def running_proxy(target_port: int, listener: socket.socket | None = None) -> Iterator[TcpProxy]:
    """Run a proxy to the server's port during the block; it may listen in another network than ours."""
    proxy = TcpProxy(target_port, listener)
    try:
        yield proxy
    finally:
        proxy.close()
