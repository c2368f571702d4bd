"""One network namespace with its own resolver files, and ways to run programs and open sockets in it.

A Namespace needs root, or unprivileged user namespaces. Programs started here die with this process
(parent-death signal), and the namespaces vanish with the last program: nothing is left on the host.
Start programs from the main thread only: the kernel ties the parent-death signal to the thread.
"""

import os
import select
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from . import paths

START_SECONDS = 10

RESOLVER_FILES = {
    "nsswitch.conf": "hosts: files dns\nnetworks: files\nservices: files\nprotocols: files\n"
                     "passwd: files\ngroup: files\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
}


class WorldError(RuntimeError):
    """Something of the world did not come up or did not answer."""


def wait_until(probe, what, seconds=START_SECONDS, pause=0.02):
    """Polls probe() until it returns something true, and returns that; raises WorldError at the deadline."""
    end = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > end:
            raise WorldError(f"waited {seconds} s in vain for {what}")
        time.sleep(pause)


class Namespace:
    def __init__(self, directory, links, resolver):
        """directory: an own, existing folder. links: lines for `ip -batch`. resolver: address for resolv.conf."""
        self.directory = Path(directory)
        self._lock = threading.Lock()
        self._running = []
        self._write_files(links, resolver)
        self._start_holder()

    def _write_files(self, links, resolver):
        files = dict(RESOLVER_FILES)
        files["resolv.conf"] = f"nameserver {resolver}\noptions timeout:2 attempts:2\n"
        files["links"] = "\n".join(links) + "\n"
        for name, text in files.items():
            (self.directory / name).write_text(text)

    def _start_holder(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        rootless = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        command = [paths.system_program("unshare"), *rootless, "--net", "--mount", "--",
                   paths.PYTHON, str(Path(__file__).with_name("holder.py")),
                   str(self.directory), str(theirs.fileno())]
        self._log = open(self.directory / "holder.log", "wb")
        self.holder = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                                       stdout=self._log, stderr=self._log, start_new_session=True)
        theirs.close()
        self._channel = ours
        if not select.select([ours], [], [], START_SECONDS)[0] or ours.recv(16) != b"ready":
            self.close()
            raise WorldError("the namespace did not come up: "
                             + (self.directory / "holder.log").read_text(errors="replace"))

    def prefix(self):
        """The words to put before a command so that it runs in here, as the very process that was started."""
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return [paths.system_program("nsenter"), "--target", str(self.holder.pid), *user, "--net", "--mount",
                "--", paths.system_program("setpriv"), "--pdeathsig", "KILL", "--"]

    def start(self, command, **keywords):
        """Starts a program in here; the process id is the program's own."""
        keywords.setdefault("stdin", subprocess.DEVNULL)
        keywords.setdefault("start_new_session", True)
        process = subprocess.Popen(self.prefix() + [str(word) for word in command], **keywords)
        self._running = [other for other in self._running if other.poll() is None]
        self._running.append(process)
        return process

    def run(self, command, seconds=30, **keywords):
        """Runs a program in here to its end and returns subprocess's CompletedProcess with text output."""
        keywords.setdefault("stdin", None if "input" in keywords else subprocess.DEVNULL)
        if "input" in keywords:
            keywords.pop("stdin")
        return subprocess.run(self.prefix() + [str(word) for word in command], text=True, timeout=seconds,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **keywords)

    def ip(self, *words):
        done = self.run([paths.system_program("ip"), *words])
        if done.returncode:
            raise WorldError(f"ip {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM):
        """A new socket that lives in this namespace."""
        with self._lock:
            self._channel.send(f"{int(family)} {int(kind)}".encode())
            _, descriptors, _, _ = socket.recv_fds(self._channel, 1, 1)
        if not descriptors:
            raise WorldError("the namespace is gone")
        return socket.socket(fileno=descriptors[0])

    def connect(self, address, port, seconds=5, source=None):
        """A connected TCP socket to an address of the world, from `source`, an address and a port of the world."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = self.socket(family)
        made.settimeout(seconds)
        try:
            if source:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                made.bind(source)
            made.connect((address, port))
        except OSError:
            made.close()
            raise
        return made

    def listen(self, address, port):
        """A listening TCP socket on an address of the world."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = self.socket(family)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
        made.listen(64)
        return made

    def answers_tcp(self, address, port):
        try:
            self.connect(address, port, seconds=1).close()
        except OSError:
            return False
        return True

    def close(self):
        for process in reversed(self._running):
            stop(process)
        self._channel.close()
        stop(self.holder)
        self._log.close()


def serve(listener, talk):
    """Has talk(channel) deal with each connection in a thread of its own, until the listener is shut down."""
    def accept():
        while True:
            try:
                channel, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(channel,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def stop(process, seconds=2):
    """Ends a process that we started: politely, then for good."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait(seconds)
