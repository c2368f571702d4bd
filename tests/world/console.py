"""A person at the appliance's serial console: types lines, reads what comes until the prompt is back."""

import json
import re
import socket
import time

PROMPT = b"sealpost> "
PASSWORD_PROMPT = b"password: "
ENTER = b"\r"
CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


class ConsoleError(RuntimeError):
    """The console said an error in JSON, or did not come back with its prompt."""

    def __init__(self, message, error=None):
        super().__init__(message)
        self.error = error or {}


class Console:
    """channel: a connected socket, or anything with settimeout, recv and sendall."""

    def __init__(self, channel, transcript=None):
        """transcript: called with every piece of text that comes, as it comes."""
        self._channel = channel
        self._transcript = transcript
        self._pending = b""
        self.history = b""

    @classmethod
    def open_socket(cls, path, transcript=None):
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            channel.connect(str(path))
        except OSError:
            channel.close()
            raise
        return cls(channel, transcript)

    def send(self, data):
        """Types these very bytes, without Enter."""
        self._channel.sendall(data)

    def _receive(self, seconds):
        self._channel.settimeout(max(seconds, 0.01))
        try:
            data = self._channel.recv(65536)
        except (TimeoutError, BlockingIOError):
            return
        except ConnectionError as error:
            raise ConsoleError("the console is gone") from error
        if not data:
            raise ConsoleError("the console is gone")
        self._pending += data
        self.history = (self.history + data)[-65536:]
        if self._transcript:
            self._transcript(data.decode("utf-8", "replace"))

    def read_until(self, *marks, seconds=10):
        """Everything up to and including the first of these marks to arrive, as bytes."""
        end = time.monotonic() + seconds
        while True:
            places = [self._pending.find(mark) + len(mark) for mark in marks if mark in self._pending]
            if places:
                cut = min(places)
                taken, self._pending = self._pending[:cut], self._pending[cut:]
                return taken
            if time.monotonic() > end:
                raise ConsoleError(f"no {marks!r} within {seconds} s, only {self._pending[-400:]!r}")
            self._receive(end - time.monotonic())

    def read_for(self, seconds):
        """Whatever arrives within this time, as bytes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._receive(end - time.monotonic())
        taken, self._pending = self._pending, b""
        return taken

    def wake(self, password=None, seconds=10):
        """Gets a fresh prompt: drops what was typed or waiting, and gives the password when asked for one."""
        self._pending = b""
        self.send(b"\x03" + ENTER)
        got = self.read_until(PROMPT, PASSWORD_PROMPT, seconds=seconds)
        if got.endswith(PASSWORD_PROMPT):
            if password is None:
                raise ConsoleError("the console asks for a password")
            self.send(password.encode() + ENTER)
            self.read_until(PROMPT, seconds=seconds)
        self._settle()

    def _settle(self):
        """Reads prompts that earlier key strokes still owe, so that the next answer is the next command's."""
        marker = b"\x15help zz-sync" + ENTER
        self.send(marker)
        self.read_until(b"zz-sync", seconds=10)
        self.read_until(PROMPT, seconds=10)

    def ask(self, line, seconds=15):
        """Types a command and returns what it printed: text without echo, prompt and control sequences."""
        self.send(line.encode() + ENTER)
        answer = CONTROL.sub(b"", self.read_until(PROMPT, seconds=seconds))[:-len(PROMPT)]
        text = answer.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
        echo, _, rest = text.partition("\n")
        return (rest if line in echo else text).strip("\n")

    def ask_json(self, line, seconds=15):
        """The document that `line json` prints; a document with `error` raises ConsoleError."""
        text = self.ask(line + " json", seconds)
        lines = [piece for piece in text.split("\n") if piece.startswith(("{", "["))]
        if len(lines) != 1:
            raise ConsoleError(f"`{line} json` printed no single document: {text!r}")
        document = json.loads(lines[0])
        if isinstance(document, dict) and "error" in document:
            raise ConsoleError(f"`{line}`: {document['error'].get('sentence')}", document["error"])
        return document

    def close(self):
        self._channel.close()
