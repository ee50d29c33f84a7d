#!/usr/bin/env python3
"""A client of the native protocol, version 1, written from protocol/README.md alone, with nothing but Python's standard library.

    python3 native_client.py HOST PORT [WORD...]

connects to a running `callscope serve` and goes through the shapes and rules of the page: one line `ok NAME` for each check, `skip NAME: WHY`
where the server shows nothing to check, `N checks passed` at the end. The first failure is told on stderr and ends it with 1. With WORDs only the
checks with one of them in their name run.

Every frame that comes in is checked against the page, too: its limits, checksum, side, order, and the credit that it spends.
"""

import base64
import itertools
import json
import re
import socket
import struct
import sys
import time
from collections import deque

HELLO, AUTH, PING, GOAWAY, WINDOW, REQUEST, DATA, STATUS, CANCEL, HEADERS = 1, 2, 3, 4, 5, 0x10, 0x11, 0x12, 0x13, 0x14
END, MORE, COMP, CK, ACK, IGN, MSG, ONEWAY = 1, 2, 4, 8, 16, 32, 64, 128
OK, INVALID_ARGUMENT, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNIMPLEMENTED, REFUSED = 0, 3, 4, 8, 12, 33
PROTOCOL_ERROR, FLOW_CONTROL_ERROR, FRAME_TOO_LARGE, CHECKSUM_MISMATCH, VERSION_MISMATCH, HANDSHAKE_TIMEOUT, ENHANCE_YOUR_CALM = range(64, 71)

HEADER = struct.Struct(">IBBHII")
PREFACE = bytes.fromhex("8952504301010000")

# HELLO's numbers: id, default, floor, ceiling.
NUMBERS = {
    "max_frame": (1, 65_536, 16_384, 16_777_216),
    "max_message": (2, 4_194_304, 16_384, 2**31 - 1),
    "max_metadata": (3, 16_384, 16_384, 65_535),
    "max_streams": (4, 1_024, 16, 2**31 - 1),
    "stream_window": (5, 1_048_576, 65_536, 67_108_864),
    "connection_window": (6, 4_194_304, 65_536, 67_108_864),
}
# What a client may use before it has the server's HELLO.
EARLY = {name: floor for name, (_, _, floor, _) in NUMBERS.items()} | {"max_message": 4_194_304}


class Failed(Exception):
    """A check did not find what the page says."""


class Closed(Exception):
    """The server closed the connection."""


class Goaway(Exception):
    """The server said GOAWAY with a code other than 0."""

    def __init__(self, last_stream, code, reason):
        super().__init__(f"GOAWAY({code}, {reason!r}), last stream {last_stream}")
        self.code, self.reason = code, reason


def want(condition, text):
    """Fail with `text` unless `condition` holds."""
    if not condition:
        raise Failed(text)


# --- Bytes -----------------------------------------------------------------------------------------------------------------------------------------


def crc_table():
    """The table of CRC32C: reflected, polynomial 0x82F63B78."""
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


CRC_TABLE = crc_table()


def crc32c(*chunks):
    """CRC32C of the chunks behind each other."""
    crc = 0xFFFFFFFF
    for chunk in chunks:
        for byte in chunk:
            crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def varint(number):
    """LEB128."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def read_varint(data, at):
    """The varint of `data` at `at`, and the place behind it."""
    number = 0
    for shift in range(0, 64, 7):
        want(at < len(data), "a varint ends too early")
        number |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return number, at
    raise Failed("a varint of more than 64 bits")


def tlv(ident, value):
    """One TLV, of a HELLO or of metadata."""
    return bytes([ident]) + varint(len(value)) + value


def read_tlvs(data):
    """The TLVs of `data`, as pairs of id and value."""
    found, at = [], 0
    while at < len(data):
        ident = data[at]
        length, at = read_varint(data, at + 1)
        want(at + length <= len(data), f"TLV {ident} of {length} bytes ends behind its list")
        found.append((ident, data[at : at + length]))
        at += length
    return found


def pair(key, value):
    """The metadata TLV of one pair."""
    return tlv(255, varint(len(key)) + key.encode() + value)


def read_pairs(meta):
    """The pairs in metadata; text, but bytes under a key in -bin."""
    pairs = []
    for ident, value in read_tlvs(meta):
        if ident == 255:
            length, at = read_varint(value, 0)
            want(0 < length <= len(value) - at, "a pair's key is empty or ends behind the pair")
            key, value = value[at : at + length].decode(), value[at + length :]
            pairs.append((key, value if key.endswith("-bin") else value.decode()))
    return pairs


def request_meta(method, timeout_us=None, *more):
    """The metadata of a REQUEST."""
    return tlv(1, method.encode()) + (tlv(3, varint(timeout_us)) if timeout_us is not None else b"") + b"".join(more)


def frame(kind, stream, body=b"", meta=b"", flags=0, checksum=True):
    """One frame as bytes."""
    flags |= CK if checksum else 0
    header = HEADER.pack(len(meta) + len(body), kind, flags, len(meta), stream, 0)
    check = crc32c(header[:12], meta, body) if flags & CK else 0
    return header[:12] + struct.pack(">I", check) + meta + body


def hello_body(checksums, **numbers):
    """The TLVs of our HELLO."""
    said = b"".join(tlv(NUMBERS[name][0], struct.pack(">I", number)) for name, number in numbers.items())
    return said + (tlv(10, struct.pack(">I", 1)) if checksums else b"") + tlv(11, b"native_client.py")


def read_hello(body):
    """A HELLO as a dict: the numbers with their defaults, and the rest."""
    tlvs = dict(read_tlvs(body))
    said = {}
    for name, (ident, default, _, _) in {**NUMBERS, "features": (10, 0, 0, 0)}.items():
        value = tlvs.get(ident, struct.pack(">I", default))
        want(len(value) == 4, f"HELLO's {name} has {len(value)} bytes")
        said[name] = struct.unpack(">I", value)[0]
    said["codecs"], said["compressions"], said["auth"] = {1, *tlvs.get(7, b"")}, {0, *tlvs.get(8, b"")}, set(tlvs.get(9, b""))
    said["agent"], said["instance"] = tlvs.get(11, b"").decode(), tlvs.get(12, b"").decode()
    return said


# --- Messages --------------------------------------------------------------------------------------------------------------------------------------


def write_json(value):
    """Codec 1."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def write_msgpack(value):
    """Codec 2, from MessagePack's specification: the shortest forms; bytes as bin."""
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        if -32 <= value < 128:
            return struct.pack("b", value)
        for first, form, low, high in ((0xCC, ">B", 0, 2**8), (0xCD, ">H", 0, 2**16), (0xCE, ">I", 0, 2**32), (0xCF, ">Q", 0, 2**64),
                                       (0xD0, ">b", -(2**7), 0), (0xD1, ">h", -(2**15), 0), (0xD2, ">i", -(2**31), 0), (0xD3, ">q", -(2**63), 0)):
            if low <= value < high:
                return bytes([first]) + struct.pack(form, value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)

    def head(count, short, limit, forms):
        for first, size in forms:
            if count >= limit and count < 1 << (8 * size):
                return bytes([first]) + count.to_bytes(size, "big")
        return bytes([short | count])

    if isinstance(value, str):
        text = value.encode()
        return head(len(text), 0xA0, 32, [(0xD9, 1), (0xDA, 2), (0xDB, 4)]) + text
    if isinstance(value, bytes):
        return head(len(value), 0, 0, [(0xC4, 1), (0xC5, 2), (0xC6, 4)]) + value
    if isinstance(value, list):
        return head(len(value), 0x90, 16, [(0xDC, 2), (0xDD, 4)]) + b"".join(map(write_msgpack, value))
    return head(len(value), 0x80, 16, [(0xDE, 2), (0xDF, 4)]) + b"".join(write_msgpack(part) for pair in value.items() for part in pair)


def read_msgpack(data, at=0):
    """The value of `data` at `at`, and the place behind it; bin stays bytes."""
    first = data[at]
    at += 1

    def number(form):
        return struct.unpack_from(">" + form, data, at)[0], at + struct.calcsize(form)

    def items(count, at):
        found = []
        for _ in range(count):
            value, at = read_msgpack(data, at)
            found.append(value)
        return found, at

    def pairs(count, at):
        flat, at = items(2 * count, at)
        return dict(zip(flat[::2], flat[1::2])), at

    if first < 0x80 or first >= 0xE0:
        return struct.unpack("b", bytes([first]))[0], at
    if first < 0x90:
        return pairs(first & 15, at)
    if first < 0xA0:
        return items(first & 15, at)
    if first < 0xC0:
        return data[at : at + (first & 31)].decode(), at + (first & 31)
    if first in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[first], at
    if 0xCA <= first <= 0xD3:
        return number("fdBHIQbhiq"[first - 0xCA])
    sizes = {0xC4: "B", 0xC5: "H", 0xC6: "I", 0xD9: "B", 0xDA: "H", 0xDB: "I", 0xDC: "H", 0xDD: "I", 0xDE: "H", 0xDF: "I"}
    want(first in sizes, f"msgpack: a byte {first:#04x}")
    count, at = number(sizes[first])
    if first >= 0xDE:
        return pairs(count, at)
    if first >= 0xDC:
        return items(count, at)
    want(at + count <= len(data), f"msgpack: {count} bytes end behind the message")
    return (data[at : at + count] if first < 0xD9 else data[at : at + count].decode()), at + count


def write_cbor(value):
    """Codec 3, from RFC 8949: definite lengths, shortest heads; bytes as a byte string."""
    if value is None or isinstance(value, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]

    def head(major, number):
        for low, size in ((24, 0), (1 << 8, 1), (1 << 16, 2), (1 << 32, 4), (1 << 64, 8)):
            if number < low:
                return bytes([major << 5 | (number if size == 0 else 23 + size.bit_length())]) + (number.to_bytes(size, "big") if size else b"")

    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(write_cbor, value))
    return head(5, len(value)) + b"".join(write_cbor(part) for pair in value.items() for part in pair)


def read_cbor(data, at=0):
    """The value of `data` at `at`, and the place behind it; byte strings stay bytes."""
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if info >= 24:
        want(info <= 27, f"cbor: a head of {info}")
        size = 1 << (info - 24)
        info, at = int.from_bytes(data[at : at + size], "big"), at + size
        if major == 7:
            return struct.unpack({2: ">e", 4: ">f", 8: ">d"}[size], data[at - size : at])[0], at
    if major < 2:
        return (info if major == 0 else -1 - info), at
    if major < 4:
        want(at + info <= len(data), f"cbor: {info} bytes end behind the message")
        return (data[at : at + info] if major == 2 else data[at : at + info].decode()), at + info
    want(major != 6, "cbor: a tag")
    if major == 7:
        return {20: False, 21: True, 22: None, 23: None}[info], at
    flat = []
    for _ in range(info if major == 4 else 2 * info):
        value, at = read_cbor(data, at)
        flat.append(value)
    return (flat if major == 4 else dict(zip(flat[::2], flat[1::2]))), at


WRITE = {1: write_json, 2: write_msgpack, 3: write_cbor}


def read_message(codec, message):
    """A message as a value."""
    if codec == 1:
        return json.loads(message)
    value, end = {2: read_msgpack, 3: read_cbor}[codec](message)
    want(end == len(message), f"{len(message) - end} bytes behind a message")
    return value


def unpack_lz4(packed):
    """Compression 1: the length, then one block (LZ4's block format)."""
    (length,), at, out = struct.unpack_from(">I", packed), 4, bytearray()

    def extended(count, at):
        while count >= 15 and (count - 15) % 255 == 0:
            count, at = count + packed[at], at + 1
            if packed[at - 1] != 255:
                break
        return count, at

    while True:
        token = packed[at]
        literals, at = extended(token >> 4, at + 1)
        out += packed[at : at + literals]
        at += literals
        if at >= len(packed):
            want(len(out) == length, f"lz4: {len(out)} bytes instead of {length}")
            return bytes(out)
        back = packed[at] | packed[at + 1] << 8
        count, at = extended(token & 15, at + 2)
        want(0 < back <= len(out), f"lz4: a match {back} bytes back")
        for _ in range(count + 4):
            out.append(out[-back])


def pack_lz4(message):
    """The simplest block there is: literals only. Longer than the message, which the page advises against and does not forbid."""
    rest, more = len(message) - 15, bytearray()
    want(rest >= 0, "a short message")
    while rest >= 255:
        more.append(255)
        rest -= 255
    return struct.pack(">I", len(message)) + b"\xf0" + bytes(more) + bytes([rest]) + message


def zstd_module():
    """A Python that has zstd, or None: it is in the standard library from 3.14 on."""
    try:
        return __import__("compression.zstd").zstd
    except ImportError:
        return None


def unpack_zstd(packed):
    """Compression 2."""
    return zstd_module().decompress(packed)


UNPACK = {1: unpack_lz4, 2: unpack_zstd}


# --- The client ------------------------------------------------------------------------------------------------------------------------------------


class Call:
    """One call: what came for it so far, and its windows."""

    def __init__(self, connection, stream, one_way, codec=1, compression=0):
        self.connection, self.stream, self.codec, self.compression = connection, stream, codec, compression
        self.packed = []  # whether each message came compressed
        self.send_window = self.receive_window = connection.agreed["stream_window"]
        self.messages = deque()  # complete messages with what the frame that completed them cost
        self.parts = None  # the parts of an incomplete message
        self.bodies = []  # the body length of each DATA
        self.headers = self.trailers = None
        self.status = None  # (code, message, details, not processed) when it is over
        self.cancelled, self.one_way = False, one_way

    def send(self, message=None, end=False):
        """Sends one more message, or with None only the half-close."""
        self.connection.send_message(self, DATA, b"", message, END if end else 0)

    def take(self):
        """The next message, or None when the call is over; gives its credit back."""
        while not self.messages and self.status is None:
            self.connection.pump()
        if not self.messages:
            return None
        message, cost = self.messages.popleft()
        self.connection.give_back(self, cost)
        if self.packed.pop(0):
            message = UNPACK[self.compression](message)
        want(len(message) <= self.connection.agreed["max_message"], f"a message of {len(message)} bytes")
        return read_message(self.codec, message)

    def finish(self):
        """All further messages, once the call is over with OK."""
        rest = list(iter(self.take, None))
        want(self.status[0] == OK, f"STATUS {self.status} where OK was expected")
        return rest

    def fail(self):
        """The status of a call that must fail."""
        rest = list(iter(self.take, None))
        want(self.status[0] != OK, f"OK with {rest} where a STATUS was expected")
        return self.status

    def cancel(self, reason=1):
        """CANCEL; the call is over here at once, and what still waits is credited to the connection."""
        self.cancelled, self.status = True, (1, "cancelled", [], False)
        self.connection.send(CANCEL, self.stream, struct.pack(">H", reason))
        while self.messages:
            self.connection.give_back(self, self.messages.popleft()[1])


class Connection:
    """A blocking client. `credit=False` gives no credit back, `wait=False` does not wait for the server's HELLO; the rest goes into our HELLO."""

    def __init__(self, address, checksums=True, credit=True, wait=True, speaks=b"", **numbers):
        self.socket = socket.create_connection(address, timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.offers, self.checksums, self.auto_credit, self.numbers = checksums, checksums, credit, numbers
        self.speaks = speaks
        self.buffer, self.sent, self.last = bytearray(), 0, 0
        self.agreed, self.server = dict(EARLY), None
        self.send_window = self.receive_window = EARLY["connection_window"]
        self.calls, self.next, self.pongs = {}, 1, []
        if wait is not None:  # None: the check itself sends the first bytes
            self.raw(PREFACE)
            self.send(HELLO, 0, hello_body(checksums, **numbers) + speaks)
        if wait:
            self.greeted()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    # Out.

    def raw(self, data):
        """Sends bytes as they are."""
        self.last = self.sent
        self.sent += len(data)
        self.socket.sendall(data)

    def send(self, kind, stream, body=b"", meta=b"", flags=0):
        """Sends one frame, whatever the rules say about it, and counts what it spends."""
        if kind in (REQUEST, DATA):
            self.send_window -= len(body) + 16
            if stream in self.calls:
                self.calls[stream].send_window -= len(body) + 16
        self.raw(frame(kind, stream, body, meta, flags, self.checksums))

    def open(self, method, message=None, end=False, timeout_us=None, meta=(), one_way=False, stream=None, codec=1, compression=0):
        """Opens a call; with `message` the REQUEST carries it, or its first part."""
        meta = [*meta, *([tlv(6, bytes([codec]))] if codec != 1 else []), *([tlv(16, bytes([compression]))] if compression else [])]
        stream = stream or self.next
        self.next = stream + 2
        call = self.calls[stream] = Call(self, stream, one_way, codec, compression)
        self.send_message(call, REQUEST, request_meta(method, timeout_us, *meta), message, (END if end else 0) | (ONEWAY if one_way else 0))
        return call

    def unary(self, method, message, **more):
        """The one answer of a unary call."""
        answers = self.open(method, message, end=True, **more).finish()
        want(len(answers) == 1, f"{len(answers)} answers to a unary call")
        return answers[0]

    def send_message(self, call, kind, meta, message, flags):
        """Sends a message in as many parts as frame size and credit want; bytes go out as they are, all else in the call's codec."""
        if message is None:
            body = None
        else:
            body = message if isinstance(message, bytes) else WRITE[call.codec](message)
        while True:
            room = min(self.send_window, call.send_window) - 16
            if room < (1 if body else 0):
                if call.status is not None:
                    return  # over: nobody wants the rest
                self.pump()
                continue
            part = body[: min(room, self.agreed["max_frame"])] if body else b""
            rest = body[len(part) :] if body else b""
            self.send(kind, call.stream, part, meta, (0 if body is None else MSG) | (MORE if rest else flags))
            if not rest:
                return
            kind, meta, body = DATA, b"", rest

    def give_back(self, call, cost):
        """Credits what a frame cost: to the connection, and to the call if it goes on."""
        if self.auto_credit:
            if call.status is None:
                self.credit(call.stream, cost)
            self.credit(0, cost)

    def credit(self, stream, amount):
        """Sends WINDOW."""
        (self.calls[stream] if stream else self).receive_window += amount
        self.send(WINDOW, stream, struct.pack(">I", amount))

    # In.

    def read(self, count, timeout):
        """`count` bytes without taking them from the buffer, or None after `timeout`."""
        until = time.monotonic() + timeout
        while len(self.buffer) < count:
            self.socket.settimeout(max(until - time.monotonic(), 0.001))
            try:
                data = self.socket.recv(262_144)
            except TimeoutError:
                return None
            except ConnectionResetError:
                data = b""
            if not data:
                raise Closed(f"the server closed the connection, with {len(self.buffer)} bytes unread")
            self.buffer += data
        return bytes(self.buffer[:count])

    def take(self, count, timeout=5.0):
        """Takes `count` bytes."""
        data = self.read(count, timeout)
        want(data is not None, f"no {count} bytes within {timeout} s, but {bytes(self.buffer)!r}")
        del self.buffer[:count]
        return data

    def greeted(self):
        """Reads preface and HELLO of the server."""
        want(self.take(8)[:6] == PREFACE[:6], "the server's preface is not that of version 1")
        while self.server is None:
            self.pump()

    def pump(self, timeout=5.0, quiet=False):
        """Reads one frame, checks it and deals with it. True if there was one; none within `timeout` is a failure unless `quiet`."""
        header = self.read(16, timeout)
        if header is None:
            want(quiet, f"nothing came within {timeout:.1f} s")
            return False
        length, kind, flags, meta_len, stream, check = HEADER.unpack(header)
        name = f"frame {kind:#04x} on stream {stream} (flags {flags:#04x}, {meta_len} + {length - meta_len} bytes)"
        want(meta_len <= length, f"{name}: meta_len above len")
        want(length - meta_len <= self.agreed["max_frame"] and meta_len <= self.agreed["max_metadata"], f"{name}: above {self.agreed}")
        payload = self.take(16 + length)[16:]
        meta, body = payload[:meta_len], payload[meta_len:]
        if flags & CK:
            want(check == crc32c(header[:12], payload), f"{name}: wrong checksum")
        else:
            want(check == 0, f"{name}: no CK, but a checksum")
            want(kind == HELLO or not (self.checksums and self.server), f"{name}: no CK, though it was agreed")
        want(self.server or kind in (HELLO, GOAWAY), f"{name} before HELLO")
        if kind == HELLO:
            want(self.server is None and stream == 0, f"{name}: a second HELLO, or not on stream 0")
            self.agree(read_hello(body))
        elif kind == PING:
            want(stream == 0 and len(body) == 8, f"{name}: not 8 bytes on stream 0")
            if flags & ACK:
                self.pongs.append(body)
            else:
                self.send(PING, 0, body, flags=ACK)
        elif kind == GOAWAY:
            want(stream == 0 and len(body) >= 6, f"{name}: not at least 6 bytes on stream 0")
            last_stream, code = struct.unpack(">IH", body[:6])
            if code:
                raise Goaway(last_stream, code, body[6:].decode())
        elif kind == WINDOW:
            want(len(body) == 4 and body != bytes(4), f"{name}: not a credit in 4 bytes")
            want(stream == 0 or stream in self.calls, f"{name}: never opened")
            of = self.calls[stream] if stream else self
            of.send_window += struct.unpack(">I", body)[0]
            size = self.agreed["stream_window" if stream else "connection_window"]
            over = stream and of.status is not None  # ignored
            want(over or of.send_window <= size, f"{name}: lifts the window to {of.send_window}, above {size}")
        elif kind in (DATA, STATUS, HEADERS):
            want(stream in self.calls, f"{name}: never opened")
            want(not self.calls[stream].one_way, f"{name}: on a one-way call")
            self.answer(self.calls[stream], kind, flags, meta, body, name)
        else:
            want(flags & IGN, f"{name}: unknown, and without IGN")
        return True

    def agree(self, server):
        """Computes what is agreed from both HELLOs; windows grow by the difference."""
        self.server, early = server, self.agreed
        self.agreed = {}
        for name, (_, default, floor, ceiling) in NUMBERS.items():
            ours = self.numbers.get(name, default)
            self.agreed[name] = min(max(floor, min(side, ceiling)) for side in (ours, server[name]))
        self.checksums = self.offers and bool(server["features"] & 1)
        for of, window in [(self, "connection_window")] + [(call, "stream_window") for call in self.calls.values()]:
            of.send_window += self.agreed[window] - early[window]
            of.receive_window += self.agreed[window] - early[window]

    def answer(self, call, kind, flags, meta, body, name):
        """DATA, STATUS or HEADERS of a call."""
        cost = len(body) + 16 if kind == DATA else 0
        self.receive_window -= cost
        want(self.receive_window >= 0, f"{name}: spends {-self.receive_window} more than the connection has")
        if call.status is not None:
            want(call.cancelled, f"{name}: behind the end of its call, {call.status}")
            if cost:
                self.give_back(call, cost)
            return
        if kind == HEADERS:
            want(not body and call.headers is None and not call.bodies, f"{name}: with a body, twice, or behind DATA")
            call.headers = read_pairs(meta)
        elif kind == STATUS:
            want(len(body) >= 3, f"{name}: less than 3 bytes")
            code, bits = struct.unpack(">HB", body[:3])
            tlvs = read_tlvs(meta)
            details = [json.loads(value) for ident, value in tlvs if ident == 14]
            call.trailers, call.status = read_pairs(meta), (code, dict(tlvs).get(2, b"").decode(), details, bool(bits & 1))
        else:
            call.receive_window -= cost
            want(call.receive_window >= 0, f"{name}: spends {-call.receive_window} more than its stream has")
            want(flags & MSG or not (body or flags & MORE or call.parts is not None), f"{name}: a body or a part without MSG")
            want(not (flags & MORE and flags & END), f"{name}: MORE with END")
            want(call.compression or not flags & COMP, f"{name}: compressed, though its REQUEST names no compression")
            want(call.parts is None or bool(flags & COMP) == call.comp, f"{name}: another COMP than the first part's")
            call.comp = bool(flags & COMP)
            call.bodies.append(len(body))
            if flags & END:
                call.trailers, call.status = read_pairs(meta), (OK, "", [], False)
            if flags & MSG:
                call.parts = (call.parts or b"") + body
            if flags & MSG and not flags & MORE:
                want(len(call.parts) <= self.agreed["max_message"], f"{name}: a message of {len(call.parts)} bytes")
                call.messages.append((call.parts, cost))
                call.packed.append(call.comp)
                call.parts = None
            else:
                self.give_back(call, cost)

    def quiet(self, seconds):
        """Reads for `seconds`; the number of frames that came."""
        until, frames = time.monotonic() + seconds, 0
        while (left := until - time.monotonic()) > 0:
            frames += self.pump(left, quiet=True)
        return frames

    def refused(self, code, timeout=5.0):
        """The server must answer with GOAWAY(code) and a reason, which is returned, and close."""
        until, self.auto_credit = time.monotonic() + timeout, False
        try:
            while True:
                self.pump(max(until - time.monotonic(), 0.01))
        except Goaway as goaway:
            want(goaway.code == code, f"{goaway} instead of {code}")
            reason = goaway.reason
        want(reason, "GOAWAY without a reason")
        try:
            while self.read(len(self.buffer) + 1, 5.0):
                pass
            raise Failed("the connection stays open behind GOAWAY")
        except Closed:
            return reason


# --- The checks ------------------------------------------------------------------------------------------------------------------------------------

CHECKS = []
ADD, DIVIDE, PRIMES, SUM = (f"demo.Calculator/{name}" for name in ("Add", "Divide", "Primes", "Sum"))
HELLO_TO, WATCH, TALK, PLACE = "demo.Greeter/Hello", "demo.Ticker/Watch", "demo.Chat/Talk", "shop.Orders/Place"
DOWNLOAD, UPLOAD, DESCRIBE = "demo.Files/Download", "demo.Files/Upload", "callscope.Introspection/Describe"


class Skipped(Exception):
    """There was nothing to check."""


def check(function):
    """Makes a function a check; its first line of text is the name."""
    CHECKS.append((function.__doc__.rstrip("."), function))
    return function


def works(connection):
    """The connection still carries calls."""
    answer = connection.unary(ADD, {"a": 20, "b": 22})
    want(answer == {"sum": 42}, f"20 + 22 gave {answer}")


def hexes(text):
    """Bytes of hex text with blanks."""
    return bytes.fromhex("".join(text.split()))


CLIENT_EXAMPLE = hexes("""89525043 01010000 0000000f 01080000 00000000 618ffe48 0a0400000001 0b076578616d706c65
    00000027 1049001a 00000001 b0028e22 011364656d6f2e43616c63756c61746f722f416464 030380ea30 7b2261223a312c2262223a327d""")
SERVER_HELLO_EXAMPLE = hexes("""00000055 01080000 00000000 674081cd 010400010000 020400400000 030400004000 040400000400 050400100000 060400400000
    0703010203 0803000102 0900 0a0400000001 0b0f63616c6c73636f70652f302e312e30 0c0c63616c63756c61746f722d31""")


@check
def examples(_):
    """the worked examples of the page."""
    want(crc32c(b"123456789") == 0xE3069283, "CRC32C of 123456789")
    add = b'{"a":1,"b":2}'
    mine = PREFACE + frame(HELLO, 0, tlv(10, bytes([0, 0, 0, 1])) + tlv(11, b"example"))
    mine += frame(REQUEST, 1, add, request_meta(ADD, 800_000), END | MSG)
    said = read_hello(SERVER_HELLO_EXAMPLE[16:])
    want({name: said[name] for name in NUMBERS} == {name: default for name, (_, default, _, _) in NUMBERS.items()}, f"HELLO's numbers, {said}")
    want((said["features"], said["agent"], said["instance"], said["codecs"]) == (1, "callscope/0.1.0", "calculator-1", {1, 2, 3}), f"HELLO, {said}")
    text = b'{"text":"hello"}'
    for number, (made, given) in enumerate([
        (mine, CLIENT_EXAMPLE.hex()),
        (frame(HELLO, 0, SERVER_HELLO_EXAMPLE[16:]), SERVER_HELLO_EXAMPLE.hex()),
        (frame(DATA, 1, b'{"sum":3}', flags=END | MSG), "00000009 11490000 00000001 e110809e 7b2273756d223a337d"),
        (frame(STATUS, 3, struct.pack(">HB", 5, 0), tlv(2, b"no order 7")), "0000000f 1208000c 00000003 d80743ba 020a6e6f206f726465722037 0005 00"),
        (frame(STATUS, 5, struct.pack(">HB", 32, 1), tlv(2, b"busy") + tlv(11, struct.pack(">i", 250))),
         "0000000f 1208000c 00000005 de06385f 020462757379 0b04000000fa 0020 01"),
        (frame(DATA, 7, text[:12], flags=MSG | MORE), "0000000c 114a0000 00000007 a264d311 7b2274657874223a2268656c"),
        (frame(DATA, 7, text[12:], flags=MSG | END), "00000004 11490000 00000007 44ec9b6b 6c6f227d"),
        (frame(REQUEST, 13, b"", request_meta(SUM)), "00000015 10080015 0000000d 23799677 011364656d6f2e43616c63756c61746f722f53756d"),
        (frame(DATA, 13, flags=END), "00000000 11090000 0000000d 7f2c5c86"),
        (frame(REQUEST, 11, b'"hi"', request_meta("demo.Log/Write"), END | MSG | ONEWAY),
         "00000014 10c90010 0000000b 999f3801 010e64656d6f2e4c6f672f5772697465 22686922"),
        (frame(HEADERS, 9, b"", pair("served", b"orders-2")), "00000011 14080011 00000009 8895855f ff0f06736572766564 6f72646572732d32"),
        (frame(DATA, 13, b"", pair("cost", b"3"), END), "00000008 11090008 0000000d a9e50cbe ff060463 6f7374 33"),
        (frame(CANCEL, 7, b"\0\2"), "00000002 13080000 00000007 a57f6489 0002"),
        (frame(WINDOW, 0, b"\0\0\xff\xff"), "00000004 05080000 00000000 d72eed90 0000ffff"),
        (frame(PING, 0, bytes(range(1, 9))), "00000008 03080000 00000000 a321e7c7 0102030405060708"),
        (frame(PING, 0, bytes(range(1, 9)), flags=ACK), "00000008 03180000 00000000 c7a701f1 0102030405060708"),
        (frame(GOAWAY, 0, b"\0\0\0\7\0\0shutting down"), "00000013 04080000 00000000 e2bf9be1 00000007 0000 7368757474696e6720646f776e"),
        (frame(GOAWAY, 0, b"\0\0\0\0\0\x44this server speaks version 1, the client 2 to 2", checksum=False), """00000035 04000000 00000000 00000000
         00000000 0044 746869732073657276657220737065616b732076657273696f6e20312c2074686520636c69656e74203220746f2032"""),
    ]):
        want(made == hexes(given), f"example {number}: {made.hex()} instead of {given}")


@check
def handshake_with_checksums(address):
    """handshake with checksums."""
    with Connection(address) as c:
        want(c.server["features"] & 1, "the server does not offer checksums")
        want(c.checksums, "checksums were not agreed")
        works(c)


@check
def handshake_without_checksums(address):
    """handshake without checksums."""
    with Connection(address, checksums=False) as c:
        works(c)
        c.raw(frame(PING, 0, b"verified"))  # may carry CK all the same
        while c.pongs != [b"verified"]:
            c.pump()
        c.raw(frame(PING, 0, b"verified")[:-1] + b"?")
        c.refused(CHECKSUM_MISMATCH)


@check
def handshake_in_steps(address):
    """preface answers preface, HELLO answers HELLO."""
    with Connection(address, wait=None) as c:
        c.raw(bytes.fromhex("89525043 01 09 ffff"))  # we speak 1 to 9; the flags are ignored
        want(c.take(8)[:6] == PREFACE[:6], "the server's preface does not choose version 1")
        want(c.read(1, 0.3) is None, "something came before our HELLO")
        c.offers = c.checksums = False
        c.send(HELLO, 0)  # empty: everything has its default
        while c.server is None:
            c.pump()
        works(c)


@check
def hello_unknown(address):
    """HELLO: unknown ids are skipped, the last of two counts, numbers keep to their floor."""
    with Connection(address, wait=None) as c:
        c.raw(PREFACE)
        c.send(HELLO, 0, tlv(200, bytes(300)) + hello_body(True, max_frame=65_536) + hello_body(True, max_frame=1, max_streams=0))
        c.numbers = {"max_frame": 1, "max_streams": 0}
        c.greeted()
        want((c.agreed["max_frame"], c.agreed["max_streams"]) == (16_384, 16), f"agreed {c.agreed}")
        call = c.open(DESCRIBE, {}, end=True)  # the answer has some 24 kB
        call.finish()
        want(len(call.bodies) > 1, f"parts of {call.bodies}")


@check
def early(address):
    """requests before the server's HELLO."""
    with Connection(address, wait=None) as c:
        c.calls[1], c.next = Call(c, 1, False), 3
        c.raw(CLIENT_EXAMPLE)  # byte by byte what the page shows
        c.send_window, c.calls[1].send_window = (window - len('{"a":1,"b":2}') - 16 for window in (c.send_window, c.calls[1].send_window))
        c.greeted()
        want(c.calls[1].finish() == [{"sum": 3}], "1 + 2 is not 3")
        works(c)
    with Connection(address, wait=False) as c:
        calls = [c.open(ADD, {"a": n, "b": 1}, end=True) for n in range(16)]
        c.greeted()
        want([call.finish() for call in calls] == [[{"sum": n + 1}] for n in range(16)], "wrong sums")


@check
def describe(address):
    """the server describes its services."""
    with Connection(address) as c:
        text = json.dumps(c.unary(DESCRIBE, {}))
        for method in (ADD, DIVIDE, PRIMES, SUM, HELLO_TO, WATCH, TALK, DOWNLOAD, UPLOAD, PLACE):
            want(all(f'"{name}"' in text for name in method.split("/")) or f'"{method}"' in text, f"{method} is not described")


@check
def unary(address):
    """unary."""
    with Connection(address) as c:
        works(c)
        greeting = c.unary(HELLO_TO, {"name": "Zoë"})
        want("Zoë" in json.dumps(greeting, ensure_ascii=False), f"the greeting is {greeting}")


@check
def status(address):
    """an error has code, message and details."""
    with Connection(address) as c:
        code, message, details, unprocessed = c.open(DIVIDE, {"dividend": 1, "divisor": 0}, end=True).fail()
        want(code == INVALID_ARGUMENT and message and not unprocessed, f"STATUS({code}, {message!r}), not processed: {unprocessed}")
        want(details, "no details")
        works(c)


SPEAKS = tlv(7, bytes([1, 2, 3])) + tlv(8, bytes([0, 1, 2]))


@check
def codecs(address):
    """codecs: msgpack and cbor, unary and streamed; bytes are bytes; what cannot be read is INVALID_ARGUMENT and names its offset."""
    for codec in (2, 3):
        with Connection(address, speaks=SPEAKS) as c:
            want(codec in c.server["codecs"], f"the server does not speak codec {codec}")
            answers = c.open(ADD, {"a": 20, "b": 22}, end=True, codec=codec).finish()
            want(answers == [{"sum": 42}], f"20 + 22 gave {answers}")
            greeting = c.open(HELLO_TO, {"name": "Zoë"}, end=True, codec=codec).finish()
            want("Zoë" in str(greeting), f"the greeting is {greeting}")
            call = c.open(SUM, None, codec=codec)
            for value in (1, 200, 70_000):
                call.send({"value": value})
            call.send(end=True)
            want(call.finish() == [{"sum": 70_201, "count": 3}], "wrong sum")
            _, _, details, _ = c.open(DIVIDE, {"dividend": 1, "divisor": 0}, end=True, codec=codec).fail()
            want(details, "no details, which stay JSON")
            chunks = c.open(DOWNLOAD, {"name": "readme.txt"}, end=True, codec=codec).finish()
            same = c.open(DOWNLOAD, {"name": "readme.txt"}, end=True).finish()
            want(all(isinstance(chunk["data"], bytes) for chunk in chunks), "the chunks' data is no byte string")
            want([base64.b64encode(chunk["data"]).decode() for chunk in chunks] == [chunk["data"] for chunk in same], "other bytes than in json")
            for broken in (WRITE[codec]({"a": 1, "b": 2})[:-1], b"", b"\xc1\xff", WRITE[codec]({"a": 1, "b": 2}) + b"\0"):
                code, message, _, unprocessed = c.open(ADD, broken, end=True, codec=codec).fail()
                want((code, unprocessed) == (INVALID_ARGUMENT, False) and "offset" in message, f"{broken!r}: STATUS({code}, {message!r})")
            works(c)


@check
def codec_bytes(address):
    """codecs: an upload in bytes, or in base64 as in json, is the same upload."""
    for codec in (2, 3):
        sums = []
        for data in (b"\0\xff" * 500, base64.b64encode(b"\0\xff" * 500).decode()):
            with Connection(address, speaks=SPEAKS) as c:
                call = c.open(UPLOAD, None, codec=codec)
                call.send({"name": "a.bin", "offset": 0, "data": data}, end=True)
                sums += call.finish()
        want(len(sums) == 2 and sums[0] == sums[1], f"uploads gave {sums}")


@check
def codec_not_agreed(address):
    """codecs and compressions that were not agreed are UNIMPLEMENTED, not processed."""
    with Connection(address) as c:  # our HELLO names none
        for meta in (tlv(6, b"\2"), tlv(6, b"\3"), tlv(6, b"\x09"), tlv(16, b"\1"), tlv(16, b"\2")):
            code, message, _, unprocessed = c.open(ADD, b"{}", end=True, meta=[meta]).fail()
            want((code, unprocessed) == (UNIMPLEMENTED, True) and message, f"{meta.hex()}: STATUS({code}, {message!r}), not processed: {unprocessed}")
        works(c)


@check
def compression_lz4(address):
    """compression lz4: both ways, only where the REQUEST names it, and what is short stays as it is."""
    with Connection(address, speaks=SPEAKS) as c:
        want(1 in c.server["compressions"], "the server does not speak lz4")
        message = json.dumps({"name": "Zoe", "more": "x" * 2_000}).encode()
        call = c.open(HELLO_TO, None, compression=1)
        c.send(DATA, call.stream, pack_lz4(message), flags=MSG | COMP | END)
        want("Zoe" in str(call.finish()), "the greeting is another")
        call = c.open(DESCRIBE, {}, end=True, compression=1)
        want(call.take() is not None and sum(call.bodies) < 20_000, f"the description came in {call.bodies}, not compressed")
        call = c.open(ADD, {"a": 1, "b": 2}, end=True, compression=1)
        want(call.finish() == [{"sum": 3}] and call.bodies == [len('{"sum":3}')], f"bodies {call.bodies}")
        for broken, code in ((pack_lz4(message)[:-1], INVALID_ARGUMENT), (b"\xff\xff\xff\xff\x10a", RESOURCE_EXHAUSTED),
                             (b"\0\x40\0\0\x10a", INVALID_ARGUMENT), (b"\0\0\0\x20\x10a\5\0\0", INVALID_ARGUMENT), (b"", INVALID_ARGUMENT)):
            call = c.open(HELLO_TO, None, compression=1)
            c.send(DATA, call.stream, broken, flags=MSG | COMP | END)
            found, text, _, _ = call.fail()
            want(found == code and text, f"{broken[:16]!r}: STATUS({found}, {text!r}) instead of {code}")
        works(c)


@check
def compression_zstd(address):
    """compression zstd: what the server sends is a frame that Python's own library reads, and the other way round."""
    zstd = zstd_module()
    with Connection(address, speaks=SPEAKS) as c:
        want(2 in c.server["compressions"], "the server does not speak zstd")
        if zstd is None:
            raise Skipped(f"Python {sys.version.split()[0]} has no zstd")
        call = c.open(HELLO_TO, None, compression=2)
        c.send(DATA, call.stream, zstd.compress(json.dumps({"name": "Zoe", "more": "x" * 2_000}).encode()), flags=MSG | COMP | END)
        want("Zoe" in str(call.finish()), "the greeting is another")
        call = c.open(DESCRIBE, {}, end=True, compression=2)
        want(call.take() is not None and sum(call.bodies) < 20_000, f"the description came in {call.bodies}, not compressed")


@check
def server_stream(address):
    """server stream."""
    with Connection(address) as c:
        primes = [message["prime"] for message in c.open(PRIMES, {"limit": 30}, end=True).finish()]
        want(primes == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29], f"primes {primes}")
        want(c.open(DOWNLOAD, {"name": "readme.txt"}, end=True).finish(), "the download is empty")


@check
def client_stream(address):
    """client stream, its first message in the REQUEST or behind it, its end with a message or alone."""
    with Connection(address) as c:
        for first, last in itertools.product([True, False], repeat=2):
            call = c.open(SUM, {"value": 1} if first else None)
            for value in [2, 3] if first else [1, 2, 3]:
                call.send({"value": value})
            call.send({"value": 4} if last else None, end=True)
            want(call.finish() == [{"sum": 10, "count": 4} if last else {"sum": 6, "count": 3}], "wrong sum")


@check
def both_ways(address):
    """both ways, in turns, then half-closed."""
    with Connection(address) as c:
        call = c.open(TALK)
        for text in ("one", "two", "three"):
            call.send({"from": "native", "text": text})
            want(call.take() is not None, f"the talk ends behind {text!r}: {call.status}")
        call.send(end=True)
        call.finish()


@check
def one_way(address):
    """one-way: nothing comes back."""
    with Connection(address) as c:
        c.open(ADD, {"a": 1, "b": 2}, end=True, one_way=True)
        c.open("demo.Nobody/Knows", {}, end=True, one_way=True)
        c.quiet(0.3)  # an answer would not pass
        c.send(DATA, 1, b"{}", flags=MSG)  # its number is over: ignored
        works(c)


@check
def metadata_to_server(address):
    """request metadata of all kinds, and such as cannot be read."""
    with Connection(address) as c:
        meta = [tlv(4, bytes(range(1, 25)) + b"\1"), tlv(5, b"a=b"), tlv(6, b"\1"), tlv(7, b"\2"), tlv(8, b"key"), tlv(9, b"\xff")]
        meta += [tlv(15, struct.pack(">Q", int(time.time() * 1e6))), tlv(16, b"\0"), tlv(99, b"?" * 200)]
        meta += [pair("x", b"1"), pair("x", b""), pair("y-bin", b"\0\xff")]
        want(c.unary(ADD, {"a": 1, "b": 1}, meta=meta, timeout_us=5_000_000) == {"sum": 2}, "1 + 1 is not 2")
        for bad in (pair("", b"x"), tlv(3, b""), tlv(4, b"short"), b"\xff\x05\x7f", b"\xff\x7f"):
            code, message, _, unprocessed = c.open(ADD, {"a": 1, "b": 1}, end=True, meta=[bad]).fail()
            want((code, unprocessed) == (INVALID_ARGUMENT, True), f"metadata {bad.hex()}: STATUS({code}, {message!r}), not processed: {unprocessed}")
        works(c)


@check
def metadata_from_server(address):
    """HEADERS and trailers."""
    with Connection(address) as c:
        seen = []
        order = {"customer_id": "c-1", "currency": "EUR", "items": [{"sku": "A1-204", "qty": 1, "unit_price": 100}]}
        zero, readme = {"dividend": 1, "divisor": 0}, {"name": "readme.txt"}
        for method, message in ((HELLO_TO, {"name": "a"}), (PLACE, order), (DIVIDE, zero), (DOWNLOAD, readme)):
            call = c.open(method, message, end=True, meta=[pair("x-one", b"1"), pair("echo", b"me")])
            list(iter(call.take, None))
            seen += (call.headers or []) + call.trailers
        if not seen:
            raise Skipped("no method sent a pair")


@check
def deadline(address):
    """a deadline of 150 ms ends an endless stream."""
    with Connection(address) as c:
        start = time.monotonic()
        call = c.open(WATCH, {"interval_ms": 20}, end=True, timeout_us=150_000)
        while call.status is None and time.monotonic() < start + 0.4:
            c.pump(0.05, quiet=True)
        if call.status is None:
            call.cancel(2)  # the server MAY stop; we must
        else:
            want(call.status[0] == DEADLINE_EXCEEDED, f"STATUS {call.status}")
            want(time.monotonic() - start > 0.14, f"it ended after {time.monotonic() - start:.3f} s")
        works(c)


@check
def cancel(address):
    """cancel in mid-stream; the connection goes on."""
    with Connection(address) as c:
        call = c.open(WATCH, {"interval_ms": 10}, end=True)
        want(all(call.take() for _ in range(3)), "the ticker stopped by itself")
        call.cancel()
        works(c)
        c.quiet(0.2)
        want(c.quiet(0.3) == 0, "frames long after the CANCEL")
        call.connection.send(CANCEL, call.stream, b"\0\1")  # over: ignored
        works(c)


@check
def parts(address):
    """messages above max_frame, and above the window, go and come in parts."""
    data = bytes(range(256)) * 800
    chunk = {"data": base64.b64encode(data).decode(), "crc32c": crc32c(data)}
    for sizes in ({}, {"max_frame": 16_384}, {"stream_window": 65_536, "connection_window": 65_536}):
        with Connection(address, **sizes) as c:
            answers = c.open(UPLOAD, chunk, end=True).finish()
            want(answers == [{"bytes": len(data), "chunks": 1, "crc32c": crc32c(data)}], f"of {len(data)} bytes arrived {answers}")
            call = c.open(DOWNLOAD, {"name": "noise.bin", "chunk_bytes": 262_144}, end=True)
            offset = 0
            for chunk_in in call.finish():
                got = base64.b64decode(chunk_in["data"])
                want(chunk_in["offset"] == offset and chunk_in["crc32c"] == crc32c(got), f"the chunk at {offset} is damaged")
                offset += len(got)
            want(offset == 1_048_576, f"{offset} bytes came")
            want(len(call.bodies) > offset // c.agreed["max_frame"], f"{len(call.bodies)} parts")
            works(c)


@check
def parts_between(address):
    """frames of other calls go between the parts of a message."""
    with Connection(address) as c:
        call = c.calls[1] = Call(c, 1, False)
        c.next, text = 3, b'{"name":"Ada"}'
        c.send(REQUEST, 1, text[:5], request_meta(HELLO_TO), MSG | MORE)
        works(c)
        for at in range(5, len(text)):  # one byte each, and an empty one in front
            c.send(DATA, 1, b"", flags=MSG | MORE) if at == 5 else works(c)
            c.send(DATA, 1, text[at : at + 1], flags=MSG | (MORE if at + 1 < len(text) else END))
        want("Ada" in json.dumps(call.finish()), "the greeting does not name Ada")


@check
def large_messages(address):
    """a message above max_message, and incomplete messages above 16 MiB, end their call alone."""
    with Connection(address, max_message=16_384) as c:
        want(c.open(UPLOAD, {"data": "AAAA" * 5_000}, end=True).fail()[0] == RESOURCE_EXHAUSTED, "not RESOURCE_EXHAUSTED")
        works(c)
    with Connection(address, checksums=False) as c:
        part, calls = bytes(50_000), []
        for _ in range(5):
            calls.append(c.open(SUM))
            for _ in range(80):  # 4,000,000 bytes in each, and no end
                while min(c.send_window, calls[-1].send_window) < 50_016 and calls[-1].status is None:
                    c.pump()
                if calls[-1].status is None:
                    c.send(DATA, calls[-1].stream, part, flags=MSG | MORE)
        c.quiet(0.3)
        codes = [call.status and call.status[0] for call in calls]
        want(RESOURCE_EXHAUSTED in codes and None in codes, f"the calls ended with {codes}")
        works(c)


@check
def window_out(address):
    """flow control: the server stops at the window of 64 KiB and goes on with credit of both levels."""
    with Connection(address, credit=False, stream_window=65_536, connection_window=65_536) as c:
        call = c.open(PRIMES, {"limit": 60_000}, end=True)
        c.quiet(0.7)
        want(call.status is None, f"all was sent without credit, {call.status}")
        want(call.receive_window < 256, f"the server stopped with {call.receive_window} bytes of credit left")
        before, spent = len(call.bodies), 65_536 - call.receive_window
        c.credit(call.stream, spent)
        want(c.quiet(0.3) == 0 and len(call.bodies) == before, "the stream's credit alone let it go on")
        c.auto_credit = True
        c.credit(0, spent)
        while call.status is None:  # what comes is credited as it is taken, what had come is already
            c.pump()
            while len(call.messages) > before:
                c.give_back(call, call.messages.pop()[1])
        want(call.status[0] == OK, f"STATUS {call.status}")
        want(len(call.bodies) >= 6_057, f"{len(call.bodies)} frames for 6,057 primes")
        works(c)


@check
def window_others(address):
    """flow control: a call without credit does not hold up the others."""
    with Connection(address, credit=False, stream_window=65_536) as c:
        call = c.open(PRIMES, {"limit": 60_000}, end=True)
        for _ in range(20):  # a busy machine takes its time
            if call.receive_window >= 256:
                c.quiet(0.5)
        want(call.status is None and call.receive_window < 256, "the first call did not stop")
        works(c)


@check
def window_in(address):
    """flow control: the server gives credit back, at both levels, for as long as we send."""
    with Connection(address, checksums=False, stream_window=65_536, connection_window=65_536) as c:
        call = c.open(SUM)
        for _ in range(8_000):  # some 240 kB in small messages
            call.send({"value": 1})
        call.send(end=True)
        want(call.finish() == [{"sum": 8_000, "count": 8_000}], "wrong sum")
        works(c)  # with the window of the connection whole again


@check
def ping(address):
    """PING is answered with its bytes; a second one soon is a strike, a third ENHANCE_YOUR_CALM."""
    with Connection(address) as c:
        c.send(PING, 0, b"nobody's", flags=ACK)  # nobody asked: ignored
        c.send(PING, 0, b"\0\1ping\xfe\xff")
        while not c.pongs:
            c.pump()
        want(c.pongs == [b"\0\1ping\xfe\xff"], f"the answer is {c.pongs}")
        c.send(PING, 0, b"soon 1st")
        works(c)
        c.send(PING, 0, b"soon 2nd")
        c.refused(ENHANCE_YOUR_CALM)


@check
def cancel_flood(address):
    """more CANCELs within a second than 2 × max_streams are ENHANCE_YOUR_CALM."""
    with Connection(address, max_streams=16) as c:
        flood = b""
        for stream in range(1, 81, 2):
            c.calls[stream] = Call(c, stream, False)
            c.calls[stream].cancelled, c.calls[stream].status = True, (1, "", [], False)
            flood += frame(REQUEST, stream, b'{"interval_ms":1000}', request_meta(WATCH), MSG | END) + frame(CANCEL, stream, b"\0\1")
            c.send_window -= len('{"interval_ms":1000}') + 16
        c.raw(flood)
        c.refused(ENHANCE_YOUR_CALM)


@check
def stream_limit(address):
    """a REQUEST above max_streams is REFUSED and not processed."""
    with Connection(address, max_streams=16) as c:
        calls = [c.open(WATCH, {"interval_ms": 1_000}, end=True) for _ in range(17)]
        code, _, _, unprocessed = calls[-1].fail()
        want((code, unprocessed) == (REFUSED, True), f"STATUS {calls[-1].status}")
        want(all(call.status is None for call in calls[:-1]), "one of the first 16 ended")
        calls[0].cancel()
        time.sleep(0.3)  # it counts until its handler has ended
        works(c)


@check
def unknown_method(address):
    """an unknown method, and a codec that was not agreed, are UNIMPLEMENTED."""
    with Connection(address) as c:
        for method, meta in (("demo.Calculator/Nothing", []), ("demo.Nobody/Add", []), (ADD, [tlv(6, b"\3")]), (ADD, [tlv(6, b"\x63")])):
            call = c.open(method, {"a": 1, "b": 2}, end=True, meta=meta)
            code, message, _, unprocessed = call.fail()
            want(code == UNIMPLEMENTED, f"{method}: STATUS({code}, {message!r})")
            want(unprocessed or not meta, f"{method}: a codec that was not agreed, and not `not processed`, but {message!r}")
        works(c)


@check
def extensions(address):
    """unknown frames with IGN are skipped."""
    with Connection(address) as c:
        c.send(0x20, 0, b"hello?", flags=IGN)
        c.send(0x7F, 12, b"x" * 1_000, b"\xff\xff", IGN)
        call = c.open(SUM, {"value": 1})
        c.send(0x33, call.stream, flags=IGN)
        call.send({"value": 2}, end=True)
        want(call.finish() == [{"sum": 3, "count": 2}], "wrong sum")


@check
def many(address):
    """50 calls at once, and their answers in any order."""
    with Connection(address) as c:
        ticker = c.open(WATCH, {"interval_ms": 5}, end=True)
        calls = [c.open(ADD, {"a": n, "b": n}, end=True, stream=ticker.stream + 2 + 6 * n) for n in range(50)]  # with gaps
        for call, n in reversed([(call, n) for n, call in enumerate(calls)]):
            want(call.finish() == [{"sum": 2 * n}], f"{n} + {n}")
        want(ticker.take() is not None, "the ticker stopped")


@check
def ignored(address):
    """frames on streams that are over are ignored, and credited."""
    with Connection(address, stream_window=65_536, connection_window=65_536) as c:
        works(c)
        for _ in range(10):  # ten times 20 kB, more than the window has
            while c.send_window < 20_016:
                c.pump()
            c.send(DATA, 1, b"x" * 20_000, flags=MSG | MORE)
        c.send(WINDOW, 1, b"\0\0\0\1")
        works(c)


@check
def client_goaway(address):
    """our graceful GOAWAY: the open calls finish."""
    with Connection(address) as c:
        call = c.open(SUM, {"value": 40})
        c.send(GOAWAY, 0, b"\0\0\0\0\0\0" + "that is all – thanks".encode())
        call.send({"value": 2}, end=True)
        want(call.finish() == [{"sum": 42, "count": 2}], "wrong sum")


@check
def left(address):
    """a client that closes its direction has left."""
    with Connection(address) as c:
        c.open(WATCH, {"interval_ms": 10}, end=True).take()
        c.socket.shutdown(socket.SHUT_WR)
        c.auto_credit = False
        try:
            c.quiet(5)
            raise Failed("the server goes on for 5 s")
        except Closed:
            pass


@check
def version(address):
    """a client of version 2 gets GOAWAY(VERSION_MISMATCH) and no preface."""
    with Connection(address, wait=None) as c:
        c.raw(bytes.fromhex("89525043 02020000"))
        want("1" in c.refused(VERSION_MISMATCH), "the reason does not name version 1")


@check
def too_slow(address):
    """a handshake that is not done after 5 s is HANDSHAKE_TIMEOUT."""
    with Connection(address, wait=None) as c:
        start = time.monotonic()
        c.raw(PREFACE)
        c.take(8)
        c.refused(HANDSHAKE_TIMEOUT, 8)
        want(4 < time.monotonic() - start < 7, f"after {time.monotonic() - start:.1f} s")


def head(kind, length, meta_len=0, stream=1):
    """A header alone, with CK, and nothing behind it."""
    return HEADER.pack(length, kind, CK, meta_len, stream, 0)


def ticking(connection):
    """Opens an endless call on stream 1."""
    connection.open(WATCH, {"interval_ms": 1_000}, end=True)


def summing(connection, message=None):
    """Opens a client stream on stream 1, with a first part of a message or none."""
    connection.open(SUM)
    if message:
        connection.send(DATA, 1, message, flags=MSG | MORE)


ADD_META = request_meta(ADD)
# What a server must not accept: name, code, what to do before, and the frame.
VIOLATIONS = [
    ("a frame of 4 GiB", FRAME_TOO_LARGE, None, head(REQUEST, 0xFFFFFFFF)),
    ("a body above max_frame", FRAME_TOO_LARGE, None, head(REQUEST, 65_537)),
    ("an unknown frame above max_frame", FRAME_TOO_LARGE, None, HEADER.pack(65_537, 0x20, CK | IGN, 0, 0, 0)),
    ("metadata above max_metadata", FRAME_TOO_LARGE, None, head(REQUEST, 20_000, 16_385)),
    ("meta_len above len", PROTOCOL_ERROR, None, head(REQUEST, 3, 4)),
    ("a wrong checksum", CHECKSUM_MISMATCH, None, frame(PING, 0, b"checksum")[:-1] + b"?"),
    ("a frame without CK where it was agreed", PROTOCOL_ERROR, None, frame(PING, 0, b"checksum", checksum=False)),
    ("an unknown type without IGN", PROTOCOL_ERROR, None, frame(0x20, 0)),
    ("AUTH", PROTOCOL_ERROR, None, frame(AUTH, 0)),
    ("a second HELLO", PROTOCOL_ERROR, None, frame(HELLO, 0)),
    ("REQUEST on stream 0", PROTOCOL_ERROR, None, frame(REQUEST, 0, b"{}", ADD_META, MSG | END)),
    ("REQUEST on an even number", PROTOCOL_ERROR, None, frame(REQUEST, 2, b"{}", ADD_META, MSG | END)),
    ("REQUEST above 2³¹−1", PROTOCOL_ERROR, None, frame(REQUEST, 2**31 + 1, b"{}", ADD_META, MSG | END)),
    ("REQUEST on an earlier number", PROTOCOL_ERROR, ticking, frame(REQUEST, 1, b"{}", ADD_META, MSG | END)),
    ("DATA on a number never opened", PROTOCOL_ERROR, ticking, frame(DATA, 7, b"{}", flags=MSG)),
    ("CANCEL on a number never opened", PROTOCOL_ERROR, None, frame(CANCEL, 7, b"\0\1")),
    ("STATUS from a client", PROTOCOL_ERROR, ticking, frame(STATUS, 1, b"\0\0\0")),
    ("HEADERS from a client", PROTOCOL_ERROR, ticking, frame(HEADERS, 1)),
    ("PING on a call", PROTOCOL_ERROR, ticking, frame(PING, 1, bytes(8))),
    ("PING of 7 bytes", PROTOCOL_ERROR, None, frame(PING, 0, bytes(7))),
    ("WINDOW of 3 bytes", PROTOCOL_ERROR, None, frame(WINDOW, 0, b"\0\0\1")),
    ("CANCEL of 1 byte", PROTOCOL_ERROR, ticking, frame(CANCEL, 1, b"\1")),
    ("GOAWAY of 5 bytes", PROTOCOL_ERROR, None, frame(GOAWAY, 0, bytes(5))),
    ("MORE with END", PROTOCOL_ERROR, summing, frame(DATA, 1, b"{}", flags=MSG | MORE | END)),
    ("MORE without MSG", PROTOCOL_ERROR, summing, frame(DATA, 1, flags=MORE)),
    ("a body without MSG", PROTOCOL_ERROR, summing, frame(DATA, 1, b"{}")),
    ("COMP without an agreed compression", PROTOCOL_ERROR, summing, frame(DATA, 1, b"{}", flags=MSG | COMP)),
    ("DATA without MSG inside a message", PROTOCOL_ERROR, lambda c: summing(c, b"{"), frame(DATA, 1, flags=END)),
    ("DATA behind END", PROTOCOL_ERROR, ticking, frame(DATA, 1, b"{}", flags=MSG)),
    ("ONEWAY without END", PROTOCOL_ERROR, None, frame(REQUEST, 1, b"{}", ADD_META, MSG | ONEWAY)),
    ("a credit of 0", FLOW_CONTROL_ERROR, None, frame(WINDOW, 0, bytes(4))),
    ("a credit above the connection's window", FLOW_CONTROL_ERROR, None, frame(WINDOW, 0, b"\0\0\0\1")),
    ("a credit above a call's window", FLOW_CONTROL_ERROR, ticking, frame(WINDOW, 1, b"\x7f\xff\xff\xff")),
    ("more than a call's window", FLOW_CONTROL_ERROR, summing, frame(DATA, 1, bytes(65_536), flags=MSG | MORE)),
]


def violation(name, code, before, data):
    """Makes a check of one line of VIOLATIONS."""

    def run(address):
        with Connection(address, stream_window=65_536) as c:
            if before:
                before(c)
            c.raw(data)
            c.send_window -= len(data)
            start, end = c.last, c.sent
            reason = c.refused(code)
            numbers = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\d|\d", reason)]
            want(any(start <= number <= end for number in numbers), f"{reason!r} names no offset from {start} to {end}")

    CHECKS.append((f"refused: {name}", run))


for line in VIOLATIONS:
    violation(*line)


@check
def bad_hello(address):
    """refused: a HELLO with a number of 3 bytes, another frame in front of it."""
    for first in (frame(HELLO, 0, tlv(1, bytes(3))), frame(PING, 0, bytes(8))):
        with Connection(address, wait=None) as c:
            c.raw(PREFACE + first)
            c.take(8)
            c.refused(PROTOCOL_ERROR)


# What cannot be read in a REQUEST ends its call, though the server may not need it.
UNREADABLE = [
    ("priority of two bytes", tlv(9, b"12")),
    ("sent_at of one byte", tlv(15, b"1")),
    ("tracestate that is not utf-8", tlv(5, b"\xff")),
    ("pair whose key is not utf-8", tlv(255, b"\x01\xff1")),
]


def unreadable(name, meta):
    """Makes a check of one line of UNREADABLE."""

    def run(address):
        with Connection(address) as c:
            code, message, _, unprocessed = c.open(ADD, {"a": 1, "b": 1}, end=True, meta=[meta]).fail()
            want((code, unprocessed) == (INVALID_ARGUMENT, True), f"STATUS({code}, {message!r}), not processed: {unprocessed}")
            works(c)

    CHECKS.append((f"unreadable metadata: {name}", run))


for line in UNREADABLE:
    unreadable(*line)
violation("metadata of DATA that ends too early", PROTOCOL_ERROR, summing, frame(DATA, 1, b"{}", b"\xff\x7f", MSG))


def main(arguments):
    """Runs the checks; the exit code."""
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    address, words, passed = (arguments[0], int(arguments[1])), arguments[2:], 0
    for name, run in CHECKS:
        if words and not any(word in name for word in words):
            continue
        try:
            run(address)
        except Skipped as why:
            print(f"skip {name}: {why}", flush=True)
            continue
        except (Failed, Closed, Goaway, OSError, ValueError, LookupError, struct.error) as error:
            print(f"FAILED {name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            return 1
        passed += 1
        print(f"ok {name}", flush=True)
    print(f"{passed} checks passed")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
