"""TCP streams, both ways, both families, against the kernel's TCP."""

import socket
import struct
import subprocess
import threading
import time

import pytest
from conftest import HOST, PROBE
from world.namespace import wait_until

LARGE = 3_000_000


def pattern(n):
    return bytes((i * 7 + (i >> 8) * 13 + (i >> 16)) & 255 for i in range(n))


def scoped(network, address, port):
    """A kernel address for connect(): link-local ones need the interface."""
    if not address.startswith("fe80"):
        return (address, port)
    index = int(network.ip("-o", "link", "show", "tap0").split(":")[0])
    return (address, port, 0, index)


def connect(network, address, port, seconds=15):
    made = network.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    made.settimeout(seconds)
    made.connect(scoped(network, address, port))
    return made


def read_all(channel):
    parts = []
    while part := channel.recv(65536):
        parts.append(part)
    return b"".join(parts)


def send_and_read(channel, data):
    sender = threading.Thread(target=lambda: (channel.sendall(data), channel.shutdown(socket.SHUT_WR)))
    sender.start()
    got = read_all(channel)
    sender.join()
    return got


@pytest.fixture(params=["ipv4", "ipv6"])
def probe_address(request, probe):
    return PROBE if request.param == "ipv4" else request.getfixturevalue("link_local")


@pytest.fixture
def host_address(request, network, probe_address):
    if probe_address == PROBE:
        return HOST
    words = network.ip("-6", "-o", "address", "show", "dev", "tap0", "scope", "link").split()
    return words[words.index("inet6") + 1].split("/")[0]


def serve(network, address, handler):
    """Accepts one connection in a thread; the port, and the thread."""
    listener = network.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    listener.bind(scoped(network, address, 0))
    listener.listen(8)
    listener.settimeout(15)

    def run():
        with listener, listener.accept()[0] as channel:
            channel.settimeout(15)
            handler(channel)

    thread = threading.Thread(target=run)
    thread.start()
    return listener.getsockname()[1], thread


def test_inbound_echo_of_three_megabytes(network, probe, probe_address):
    probe.ask("listen", 7, "echo")
    data = pattern(LARGE)
    with connect(network, probe_address, 7) as channel:
        assert send_and_read(channel, data) == data
    assert probe.expect("end 1000")["got"] == str(LARGE)


def test_outbound_echo_of_three_megabytes(network, probe, probe_address, host_address):
    def echo(channel):
        while part := channel.recv(65536):
            channel.sendall(part)
        channel.shutdown(socket.SHUT_WR)

    port, thread = serve(network, host_address, echo)
    assert probe.ask("connect", 1, host_address, port, "pattern", LARGE)["err"] == "0"
    ended = probe.expect("end 1", seconds=60)
    thread.join()
    assert (ended["err"], ended["got"]) == ("0", str(LARGE))


def test_single_bytes_do_not_use_up_the_buffers(network, probe):
    """More segments of one byte than the pool has buffers, while nobody reads."""
    network.run(["sysctl", "-w", "net.ipv4.tcp_autocorking=0"])
    probe.ask("listen", 7, "hold")
    data = pattern(4000)
    with connect(network, PROBE, 7) as channel:
        channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        probe.expect("accept 1000")
        for byte in data:
            channel.send(bytes([byte]))
        unsent = struct.Struct("i")
        wait_until(lambda: unsent.unpack(fcntl_outq(channel))[0] == 0, "the probe to take all of it")
        assert int(probe.ask("memory-net")["pbufs"]) <= 30  # of 40: 17 to 23, by how the bytes come in
        probe.ask("mode", 1000, "echo")
        channel.shutdown(socket.SHUT_WR)
        assert read_all(channel) == data
    assert probe.expect("end 1000")["err"] == "0"


def fcntl_outq(channel):
    import fcntl
    import termios
    return fcntl.ioctl(channel, termios.TIOCOUTQ, bytes(4))


def test_refused(probe):
    assert probe.ask("connect", 1, HOST, 9, "hold")["err"] == "0"
    ended = probe.expect("end 1")
    assert ended["err"] == "-14" and "refused" in ended["words"]


def test_timeout_after_ten_seconds(network, probe):
    network.ip("route", "add", "blackhole", "198.51.100.7/32")
    began = time.monotonic()
    assert probe.ask("connect", 1, "198.51.100.7", 80, "hold")["err"] == "0"
    assert probe.expect("end 1", seconds=14)["err"] == "-15"
    assert time.monotonic() - began > 9
    network.ip("route", "del", "blackhole", "198.51.100.7/32")


def test_unreachable_neighbour(probe):
    assert probe.ask("connect", 1, "192.0.2.99", 80, "hold")["err"] == "0"
    assert probe.expect("end 1", seconds=14)["err"] == "-16"


def test_unreachable_without_route(make_probe):
    probe = make_probe("ip=192.0.2.10/24")
    assert probe.ask("connect", 1, "198.51.100.7", 80, "hold")["err"] == "-16"
    assert probe.ask("connect", 2, "2001:db8:1::1", 80, "hold")["err"] == "-16"


def test_peer_reset_is_closed(network, probe):
    probe.ask("listen", 7, "hold")
    channel = connect(network, PROBE, 7)
    probe.expect("accept 1000")
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    channel.close()
    ended = probe.expect("end 1000")
    assert ended["err"] == "-13" and "reset" in ended["words"]


def test_release_without_finish_resets(network, probe):
    probe.ask("listen", 7, "hold")
    with connect(network, PROBE, 7) as channel:
        probe.expect("accept 1000")
        probe.ask("release", 1000)
        with pytest.raises(ConnectionResetError):
            channel.recv(1)


def test_finish_then_release_delivers_all_though_data_is_left_unread(network, probe):
    probe.ask("listen", 7, "burst")
    channel = network.socket()
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)  # so that not all of it is taken at once
    channel.settimeout(10)
    with channel:
        channel.connect((PROBE, 7))
        channel.sendall(b"nobody reads this" * 50)
        probe.expect("end 1000")
        channel.sendall(b"nor this" * 100)
        assert len(read_all(channel)) == 5000


def test_more_leaves_in_one_segment(network, probe):
    probe.ask("listen", 7, "pieces")
    capture = network.socket(socket.AF_PACKET, socket.SOCK_RAW)
    capture.bind(("tap0", 0x0003))
    capture.settimeout(5)
    with connect(network, PROBE, 7) as channel:
        assert channel.recv(100) == b"one two\n"
        frames = []
        while b"two" not in (frames[-1] if frames else b""):
            frames.append(capture.recv(2000))
        assert frames[-1].endswith(b"one two\n")
    capture.close()
    probe.expect("end 1000")


def test_per_address_limit_evicts_longest_idle(network, probe):
    probe.ask("listen", 7, "hold")
    channels = []
    for i in range(7):
        channels.append(connect(network, PROBE, 7))
        probe.expect(f"accept {1000 + i}")
    ended = probe.expect("end 1000")
    assert ended["err"] == "-13" and "one address" in ended["words"]
    stats = probe.ask("stats")
    assert (stats["inbound"], stats["evicted"]) == ("6", "1")
    for channel in channels:
        channel.close()


def test_a_peer_that_waits_for_us_is_not_evicted(network, probe):
    """The first one has said something that the owner has not read yet; the second has said nothing."""
    probe.ask("listen", 7, "hold")
    channels = []
    for i in range(7):
        channels.append(connect(network, PROBE, 7))
        if i == 0:
            channels[0].sendall(b"hello")
        probe.expect(f"accept {1000 + i}")
    assert "one address" in probe.expect("end 1001")["words"]
    for channel in channels:
        channel.close()


@pytest.fixture
def strangers(network):
    """Two more addresses to come from."""
    addresses = ["192.0.2.66", "192.0.2.67"]
    for address in addresses:
        network.ip("address", "add", f"{address}/24", "dev", "tap0")
    yield addresses
    for address in addresses:
        network.ip("address", "del", f"{address}/24", "dev", "tap0")


def test_total_limit_evicts_longest_idle_and_keeps_the_outbound(network, probe, strangers):
    done = threading.Event()
    port, thread = serve(network, HOST, lambda channel: done.wait(15))
    probe.ask("connect", 1, HOST, port, "hold")
    probe.expect("ready 1")
    probe.ask("listen", 7, "hold")
    channels = []
    for i in range(15):
        channel = network.socket()
        channel.settimeout(10)
        channel.bind(((HOST, "192.0.2.53", strangers[0])[i % 3], 0))
        channel.connect((PROBE, 7))
        channels.append(channel)
        probe.expect(f"accept {1000 + i}")
    assert "room" in probe.expect("end 1000")["words"]
    stats = probe.ask("stats")
    assert (stats["inbound"], stats["open"]) == ("14", "15")
    done.set()
    thread.join()
    for channel in channels:
        channel.close()


def test_a_crowd_does_not_cost_another_address_its_one_connection(network, probe, strangers):
    probe.ask("listen", 7, "hold")
    channels = []
    for address in ["192.0.2.53"] + [strangers[0]] * 6 + [HOST] * 6 + [strangers[1]] * 2:
        channel = network.socket()
        channel.settimeout(10)
        channel.bind((address, 0))
        channel.connect((PROBE, 7))
        channels.append(channel)
        probe.expect(f"accept {1000 + len(channels) - 1}")
    assert "room" in probe.expect("end 1001")["words"]
    assert probe.ask("stats")["evicted"] == "1"
    for channel in channels:
        channel.close()


def test_connect_to_own_address(probe):
    probe.ask("listen", 7, "echo")
    assert probe.ask("connect", 1, PROBE, 7, "pattern", 200_000)["err"] == "0"
    assert probe.expect("end 1")["got"] == "200000"
    assert probe.expect("end 1000")["err"] == "0"


def test_connect_to_own_ipv6_address(probe, link_local):
    probe.ask("listen", 7, "echo")
    assert probe.ask("connect", 1, link_local, 7, "pattern", 200_000)["err"] == "0"
    assert probe.expect("end 1")["got"] == "200000"


def test_listening_twice_and_again(network, probe):
    assert probe.ask("listen", 7, "greet")["err"] == "0"
    assert probe.ask("listen", 7, "greet")["err"] == "-5"
    probe.ask("unlisten", 7)
    with pytest.raises(ConnectionRefusedError):
        connect(network, PROBE, 7)
    probe.ask("listen", 7, "greet")
    with connect(network, PROBE, 7) as channel:
        assert read_all(channel) == b"hello\n"


def test_streams_over_an_old_address_die(network, probe):
    probe.ask("listen", 7, "hold")
    with connect(network, PROBE, 7):
        probe.expect("accept 1000")
        assert probe.ask("configure", "ip=192.0.2.11/24", f"gw={HOST}")["err"] == "0"
        assert probe.expect("end 1000")["err"] == "-15"
    with connect(network, "192.0.2.11", 7):
        probe.expect("accept 1001")


def test_no_socket_is_opened(network, make_probe, tmp_path):
    trace = tmp_path / "trace"
    probe = make_probe("ip=192.0.2.10/24", prefix=["env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-f",
                                                        "-e", "trace=socket", "-o", str(trace)])
    probe.ask("listen", 7, "greet")
    with connect(network, PROBE, 7) as channel:
        assert read_all(channel) == b"hello\n"
    probe.quit()
    assert "socket(" not in trace.read_text()


@pytest.fixture
def crowd(network):
    """Connections from two addresses; their receive buffers are small."""
    channels = []

    def connect_all(port, n=10):
        for i in range(n):
            channel = network.socket()
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            channel.settimeout(10)
            channel.bind(((HOST, "192.0.2.53")[i % 2], 0))
            channel.connect((PROBE, port))
            channels.append(channel)
        return channels

    yield connect_all
    for channel in channels:
        channel.close()


def assert_outbound_works(network, probe):
    def echo(channel):
        while part := channel.recv(65536):
            channel.sendall(part)
        channel.shutdown(socket.SHUT_WR)

    port, thread = serve(network, HOST, echo)
    assert probe.ask("connect", 1, HOST, port, "pattern", 100_000)["err"] == "0"
    ended = probe.expect("end 1")
    thread.join()
    assert (ended["err"], ended["got"]) == ("0", "100000")


def test_peers_that_do_not_read_leave_memory_to_the_outbound(network, probe, crowd):
    probe.ask("listen", 7, "source")
    crowd(7)
    for i in range(10):
        probe.expect(f"accept {1000 + i}")
    wait_until(lambda: int(probe.ask("memory-net")["heap"]) > 5_000, "the senders to be stuck")
    assert_outbound_works(network, probe)


def test_peers_that_do_not_read_make_way_for_those_who_do(network, probe, crowd):
    probe.ask("listen", 7, "source")
    probe.ask("listen", 8, "burst")
    crowd(7, 5)
    for i in range(5):
        probe.expect(f"accept {1000 + i}")
    wait_until(lambda: int(probe.ask("memory-net")["heap"]) > 5_000, "the senders to be stuck")
    began = time.monotonic()
    with connect(network, PROBE, 8) as channel:
        assert len(read_all(channel)) == 5000
    assert time.monotonic() - began < 6
    assert int(probe.ask("stats")["evicted"]) > 0


def send_much(channel):
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    channel.setblocking(False)
    try:
        channel.send(bytes(60000))
    except (BlockingIOError, ConnectionResetError):
        pass


def test_who_holds_most_of_the_memory_goes_first(network, probe, crowd):
    probe.ask("listen", 7, "hold")
    with connect(network, PROBE, 7) as modest:
        modest.sendall(b"hello")
        for channel in crowd(7, 5):
            send_much(channel)
        assert_outbound_works(network, probe)
        assert int(probe.ask("stats")["evicted"]) > 0
        probe.ask("mode", 1000, "echo")
        assert modest.recv(10) == b"hello"


def test_unread_data_of_strangers_is_given_up_for_the_outbound(network, probe, crowd):
    probe.ask("listen", 7, "hold")
    for channel in crowd(7):
        send_much(channel)
    assert_outbound_works(network, probe)
    assert int(probe.ask("stats")["evicted"]) > 0


def syn(source_port):
    """A frame with a SYN from a host that is not there."""
    source, target = socket.inet_aton(f"198.51.100.{source_port % 250 + 1}"), socket.inet_aton(PROBE)

    def total(data):
        value = sum(struct.unpack(f"!{len(data) // 2}H", data))
        value = (value >> 16) + (value & 0xFFFF)
        return ~(value + (value >> 16)) & 0xFFFF

    def tcp(checksum):
        return struct.pack("!HHIIBBHHH", source_port, 7, 1, 0, 0x50, 2, 4096, checksum, 0)

    def ip(checksum):
        return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 1, 0, 64, 6, checksum, source, target)

    pseudo = source + target + struct.pack("!BBH", 0, 6, 20)
    return (bytes.fromhex("020000000010") + bytes.fromhex("020000000099") + b"\x08\x00"
            + ip(total(ip(0))) + tcp(total(pseudo + tcp(0))))


def test_half_open_connections_do_not_keep_others_out(network, probe):
    probe.ask("listen", 7, "greet")
    wire = network.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind(("tap0", 0))
    for port in range(10000, 10200):
        wire.send(syn(port))
    wire.close()
    began = time.monotonic()
    with connect(network, PROBE, 7) as channel:
        assert read_all(channel) == b"hello\n"
    assert time.monotonic() - began < 0.9  # without a SYN sent twice


def test_idle_loop_sleeps(probe, link_local):
    """lwIP's fastest timer runs each 100 ms; twice that is no busy waiting."""
    before = int(probe.ask("stats")["steps"])
    with pytest.raises(subprocess.TimeoutExpired):
        probe.process.wait(2)
    assert int(probe.ask("stats")["steps"]) - before < 60
