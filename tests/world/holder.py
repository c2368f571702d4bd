"""The process that keeps a world's namespaces alive.

It is started inside fresh network and mount namespaces and inherits one end of a unix socket pair. It
opens sockets there on request and hands them back, so that Python code outside talks to the world
without entering it. When the other end closes, however its owner died, the holder ends and the
namespaces end with their last process.

A request is one line "FAMILY TYPE\n" in numbers; the answer is one byte with the socket attached.
"""

import os
import socket
import subprocess
import sys


def hide_host_resolver(directory):
    """Gives this mount namespace the world's resolver files in place of the host's."""
    for name in ("resolv.conf", "nsswitch.conf", "hosts"):
        target = os.path.realpath("/etc/" + name)
        subprocess.run(["mount", "--bind", os.path.join(directory, name), target], check=True)


def build_links(directory):
    with open(os.path.join(directory, "links"), "rb") as batch:
        subprocess.run(["ip", "-batch", "-"], stdin=batch, check=True)


def serve(channel):
    while True:
        request = channel.recv(64)
        if not request:
            return
        family, kind = (int(word) for word in request.split())
        with socket.socket(family, kind) as made:
            socket.send_fds(channel, [b"+"], [made.fileno()])


def main():
    directory, descriptor = sys.argv[1], int(sys.argv[2])
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    channel = socket.socket(fileno=descriptor)
    hide_host_resolver(directory)
    build_links(directory)
    channel.send(b"ready")
    serve(channel)


if __name__ == "__main__":
    main()
