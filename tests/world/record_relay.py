"""A TCP relay that notes the TLS records a server sends through it, and passes every byte on untouched."""

import socket
import threading
from dataclasses import dataclass

from .namespace import serve

HANDSHAKE, APPLICATION_DATA = 22, 23


@dataclass(frozen=True)
class Record:
    """One TLS record as it was on the wire: content type and length of its fragment."""
    kind: int
    length: int


class _Parser:
    def __init__(self, note):
        self._note = note
        self._pending = b""

    def feed(self, data):
        self._pending += data
        while len(self._pending) >= 5:
            length = int.from_bytes(self._pending[3:5], "big")
            if len(self._pending) < 5 + length:
                return
            self._note(Record(self._pending[0], length))
            self._pending = self._pending[5 + length:]


class RecordRelay:
    """Listens on address:port of the world and connects on to (address, target_port)."""

    def __init__(self, namespace, address, port, target_port):
        self._namespace = namespace
        self._target = (address, target_port)
        self._lock = threading.Lock()
        self.records = []
        self._listener = namespace.listen(address, port)
        serve(self._listener, self._join)

    def _note(self, record):
        with self._lock:
            self.records.append(record)

    def seen(self, kind, length):
        """How many records of this type and length the server has sent."""
        with self._lock:
            return self.records.count(Record(kind, length))

    def _join(self, near):
        try:
            far = self._namespace.connect(*self._target)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        back = threading.Thread(target=_pump, args=(far, near, _Parser(self._note).feed), daemon=True)
        back.start()
        _pump(near, far, lambda data: None)
        back.join()
        near.close()
        far.close()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _pump(source, sink, see):
    try:
        while data := source.recv(65536):
            see(data)
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for channel in (source, sink):
            try:
                channel.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
