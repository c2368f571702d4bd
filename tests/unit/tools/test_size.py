"""tools/size: a linker's map is read to the last byte, or refused."""

import pytest

HEAD = """
Archive member included to satisfy reference by file (symbol)

Memory Configuration

Name             Origin             Length             Attributes
envm             0x60000000         0x00040000         xr
code             0xa0000000         0x00080000         xr
data             0xa0100000         0x00001000         rw
esram            0x20000000         0x00010000         rw
*default*        0x00000000         0xffffffff

Linker script and memory map

LOAD boards/one/main.c.obj

.boot           0x60000000       0x10
 .boot.vectors  0x60000000       0x10 boards/one/CMakeFiles/x.dir/boot.c.obj

.text           0xa0000000      0x100
 *(.text*)
 .text.with_a_long_name_of_its_own
                0xa0000000       0x7e firmware/net/libsp_net.a(tcp.c.obj)
                0xa0000000                sp_tcp_listen
 *fill*         0xa000007e        0x2 
 .text          0xa0000080       0x40 cmake/third_party/libtp_lwip.a(tcp.c.obj)
 .rodata.a.str1.1
                0xa00000c0       0x20 firmware/app/libsp_app.a(app.c.obj)
                                 0x28 (size before relaxing)
 .rodata.b.str1.1
                0xa00000e0       0x30 firmware/app/libsp_app.a(app.c.obj)
 .rodata.c      0xa00000e0       0x20 /usr/lib/gcc/thumb/libgcc.a(_udivmoddi4.o)

.data           0xa0100000       0x20 load address 0xa0000100
 .data.x        0xa0100000       0x20 drivers/uart/libsp_uart.a(uart.c.obj)

.stacks         0xa0100040      0x200 load address 0xa0000120
 .stacks        0xa0100040      0x200 boards/one/CMakeFiles/x.dir/main.c.obj

.bss            0xa0100240      0x100
 .bss.y         0xa0100240       0xf0 firmware/base/libsp_base.a(log.c.obj)
 COMMON         0xa0100330       0x10 something/strange.o
                0xa0100340                sp_heap_start = .
                0xa0101000                sp_heap_end = (ORIGIN (data) + LENGTH (data))

.crash          0x20000000       0x2c
 .crash         0x20000000       0x2c boards/one/CMakeFiles/x.dir/crash.c.obj

.debug_info     0x00000000      0x999
 .debug_info    0x00000000      0x999 boards/one/CMakeFiles/x.dir/main.c.obj
"""


@pytest.fixture
def sizes(size):
    return size.measure(size.parse(HEAD))


def test_each_room_has_its_bytes(sizes):
    assert sizes.rooms["firmware: net"]["text"] == 0x7E
    assert sizes.rooms["third party: lwip"]["text"] == 0x40
    assert sizes.rooms["drivers: uart"]["data"] == 0x20
    assert sizes.rooms["firmware: base"]["bss"] == 0xF0
    assert sizes.rooms["third party: newlib and libgcc"]["rodata"] == 0x20
    assert sizes.rooms["boards: one"] == {"text": 0x10, "rodata": 0, "data": 0, "bss": 0, "stack": 0x200}


def test_strings_that_were_merged_count_once(sizes):
    assert sizes.rooms["firmware: app"]["rodata"] == 0x20


def test_an_object_of_nobody_is_counted(sizes):
    assert sizes.rooms["other"]["bss"] == 0x10


def test_gaps_between_sections_are_counted(sizes):
    assert sizes.rooms["alignment"]["bss"] == 0x20
    assert sizes.rooms["alignment"]["rodata"] == 2


def test_totals_are_the_linkers(sizes):
    assert sizes.used == {"rom": 0x10 + 0x100 + 0x20, "ram": 0x1000}
    assert (sizes.heap, sizes.apart) == (0x1000 - 0x340, 0x2C)


def test_a_section_that_nobody_thought_of_is_counted_by_its_memory(size):
    more = HEAD.replace("\n.crash ", "\n.odd            0xa0000130       0x30\n"
                        " .odd           0xa0000130       0x30 firmware/net/libsp_net.a(odd.c.obj)\n\n.crash ")
    sizes = size.measure(size.parse(more))
    assert sizes.rooms["firmware: net"]["rodata"] == 0x30
    # Behind .data's image a gap of 16 bytes was left.
    assert sizes.used["rom"] == 0x10 + 0x100 + 0x20 + 0x10 + 0x30


@pytest.mark.parametrize("change", [
    ("        0xa0000080       0x40 cmake", "        0xa0000080       0x44 cmake"),
    (" .bss.y         0xa0100240       0xf0 firmware/base/libsp_base.a(log.c.obj)\n", ""),
    (" *fill*         0xa000007e        0x2 \n", ""),
    ("0xa0101000                sp_heap_end", "0xa0100f00                sp_heap_end"),
    ("sp_heap_start = .", "another = ."),
    ("Linker script and memory map", "Something else"),
])
def test_a_map_that_does_not_add_up_is_refused(size, change):
    assert change[0] in HEAD
    with pytest.raises(size.BadMap):
        size.measure(size.parse(HEAD.replace(*change)))


def test_shares_come_to_the_budget(size):
    assert sum(share for _, share, _ in size.SHARES) + size.HEAP_SHARE == size.BUDGET["ram"] / 1024


def test_every_room_has_a_share(size, sizes, capsys):
    size.show_shares(sizes)
    lines = {line[:34].strip(): line.split() for line in capsys.readouterr().out.splitlines() if line}
    assert lines["net"][1] == "0" and lines["boards, drivers, stacks"][3] == str(0x200 + 0x20 + 0x20)
    assert lines["heap, which is what is left"][-2:] == ["too", "little"]


# --- live: what is made of pools and memory ---

def pools(**changed):
    tls = {"name": "tls", "used": 10, "peak": 20, "limit": 30, "refused": 0, **changed}
    return {"first": [tls], "last": [tls]}


def live(size, stack, moments):
    """What `--live` complains of, with one stack in a RAM of 4 KB."""
    image = size.parse(HEAD)
    ram = bytearray(0x1000)
    ram[0x40:0x40 + len(stack)] = stack
    return size.show_live(image, {"service": (0xA0100040, len(stack))}, moments, bytes(ram))


def test_a_stack_is_used_down_to_the_lowest_byte_that_changed(size):
    assert size.stack_use(b"\xa5" * 100 + b"\x00" * 28) == (28, True)
    assert size.stack_use(b"\xa5" * 32 + b"\x01" + b"\xa5" * 95) == (96, True)
    assert size.stack_use(b"\xa5" * 31 + b"\x01" + b"\xa5" * 96) == (97, False)


def test_the_heap_is_used_up_to_the_last_byte_that_was_written(size):
    assert size.heap_use(bytes(10) + b"\x01" + bytes(100)) == 11
    assert size.heap_use(bytes(10)) == 0


def test_all_well_is_no_complaint(size, capsys):
    assert live(size, b"\xa5" * 100 + bytes(28), pools()) == []
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].split() == ["stack", "service", "28", "128"]


def test_a_stack_at_its_guard_is_a_complaint(size):
    assert live(size, b"\xa5" * 16 + bytes(112), pools()) == ["the stack service came to its guard"]


def test_a_pool_without_room_is_a_complaint(size):
    assert live(size, b"\xa5" * 128, pools(refused=2)) == ["the pool tls had no room 2 times"]
