"""One ICMP echo request and its answer: ping.py ADDRESS[%INTERFACE] SIZE. Ends with 0 when it came back whole."""

import socket
import struct
import sys


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def main():
    address, size = sys.argv[1], int(sys.argv[2])
    six = ":" in address
    protocol = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, protocol) as channel:
        channel.settimeout(3)
        body = struct.pack("!HH", 77, 1) + bytes(i & 255 for i in range(size & ~1))
        begin = struct.pack("!BB", 128 if six else 8, 0)
        sum_ = 0 if six else checksum(begin + b"\0\0" + body)
        host, _, *scope = socket.getaddrinfo(address, 1, type=socket.SOCK_DGRAM)[0][4]
        channel.sendto(begin + struct.pack("!H", sum_) + body, (host, 0, *scope))
        while True:
            packet = channel.recv(65536)
            answer = packet if six else packet[20:]
            if answer[0] == (129 if six else 0) and answer[4:] == body:
                return


try:
    main()
except OSError as error:
    sys.exit(str(error))
