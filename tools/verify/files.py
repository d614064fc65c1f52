"""Reads a konseki vault's segments, write-ahead log and keyring as docs/format.md describes them.

The Parquet reader knows no more than segments need: no optional or repeated
columns, pages in the clear or compressed with zstd, the encodings PLAIN,
dictionary, DELTA_BINARY_PACKED and DELTA_LENGTH_BYTE_ARRAY. Every length in a
file is taken for a lie until there are as many bytes.
"""

import binascii, hashlib, itertools, json, re, struct, subprocess
from collections import namedtuple
from datetime import datetime, timezone

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAX_SMALL = 64 << 20  # bytes of a file that is read at once
MAX_PAGE, MAX_GROUP, MAX_FRAME = 1 << 30, 8192, (16 << 20) + (1 << 18)  # bytes of a page unpacked, rows of a row group, bytes of a frame
Record = namedtuple("Record", "seq received source transport form key commit body check")


class Unable(Exception):
    """It cannot be looked at, which says nothing about the evidence."""


class Bad(Exception):
    """The evidence is not what it must be."""


class Gone(Exception):
    """A key is not at hand, or was destroyed; the argument is its name."""


def need(true, what):
    if not true:
        raise Bad(what)


def sha(*pieces):
    h = hashlib.sha256()
    for p in pieces:
        h.update(p)
    return h.digest()


def shaped(read):
    """What read gives; a file of another shape than the code expects is bad, not a failure of this program."""
    try:
        return read()
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, struct.error) as e:
        raise Bad(f"not of the shape it must have ({type(e).__name__}: {e})") from None


def small(path):
    """The content of a file that cannot be large."""
    if not path.is_file():
        raise Unable(f"{path.name} is missing")
    need(path.stat().st_size <= MAX_SMALL, f"{path.name} is too large")
    return path.read_bytes()


def decimal(text):
    need(re.fullmatch("0|[1-9][0-9]{0,18}", text), f"not a number: {text[:40]!r}")
    return int(text)


def spans(text):
    """1-20,25-25 as pairs."""
    out = []
    for span in text.split(","):
        first, _, last = span.partition("-")
        out.append((decimal(first), decimal(last)))
    return out


def nanoseconds(text):
    """An RFC 3339 time as nanoseconds since 1970."""
    m = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", text, re.ASCII)
    need(m, f"not a time in UTC: {text[:40]!r}")
    try:
        seconds = datetime.fromisoformat(m[1]).replace(tzinfo=timezone.utc)
    except ValueError:
        raise Bad(f"not a time: {text[:40]!r}") from None
    return int(seconds.timestamp()) * 10**9 + int((m[2] or "").ljust(9, "0"))


# ---- Segments: Parquet -----------------------------------------------------

class Thrift:
    """Reads structures of Thrift's compact protocol as {field number: value}."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def byte(self):
        need(self.at < len(self.data), "cut short")
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        n = shift = 0
        while True:
            b = self.byte()
            n |= (b & 127) << shift
            shift += 7
            if b < 128:
                return n & (1 << 64) - 1
            need(shift < 70, "a number is too long")

    def zigzag(self):
        n = self.varint()
        return n >> 1 ^ -(n & 1)

    def take(self, n):
        need(n <= len(self.data) - self.at, "cut short")
        self.at += n
        return bytes(self.data[self.at - n:self.at])

    def value(self, kind, depth):
        need(depth < 32, "nested too deep")
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return self.byte()
        if kind in (4, 5, 6):
            return self.zigzag()
        if kind == 7:
            return self.take(8)
        if kind == 8:
            return self.take(self.varint())
        if kind in (9, 10):
            head = self.byte()
            count = head >> 4 if head >> 4 < 15 else self.varint()
            need(count <= len(self.data) - self.at, "a list is longer than the file")
            return [self.byte() == 1 if head & 15 in (1, 2) else self.value(head & 15, depth + 1) for _ in range(count)]
        need(kind == 12, "a type that Parquet does not use")
        return self.struct(depth + 1)

    def struct(self, depth=0):
        out, field = {}, 0
        while (head := self.byte()):
            field = field + (head >> 4) if head >> 4 else self.zigzag()
            out[field] = self.value(head & 15, depth)
        return out


def bits(data, width, count):
    """count numbers of width bits each, least significant first."""
    need(len(data) * 8 >= width * count, "cut short")
    if not width:
        return [0] * count
    mask, out = (1 << width) - 1, []
    for at in range(0, -(-count // 8) * width, width):  # eight numbers are width bytes, and short integers shift fast
        eight = int.from_bytes(data[at:at + width], "little")
        out += [eight >> i & mask for i in range(0, 8 * width, width)]
    return out[:count]


def rle_ids(data, count):
    """Encoding RLE_DICTIONARY: one byte of width, then runs that repeat an id or pack eight at a time."""
    need(data, "cut short")
    t, width, out = Thrift(data, 1), data[0], []
    need(width <= 32, "ids are too wide")
    while len(out) < count:
        run = t.varint()
        if run & 1:
            n = min((run >> 1) * 8, -(-(count - len(out)) // 8) * 8)
            out += bits(t.take(n * width // 8), width, n)
        else:
            need(run, "an empty run")
            out += [int.from_bytes(t.take((width + 7) // 8), "little")] * min(run >> 1, count - len(out))
    return out[:count]


def delta(t, count, size=64):
    """Encoding DELTA_BINARY_PACKED: blocks of differences, each packed with the fewest bits; arithmetic wraps."""
    block, minis, total, value = t.varint(), t.varint(), t.varint(), t.zigzag()
    need(0 < minis <= 512 and 0 < block <= 1 << 16 and block % minis == 0 and block // minis % 8 == 0 and total == count, "not delta packed")
    half, whole = 1 << size - 1, 1 << size
    out, per = [value] if count else [], block // minis
    while len(out) < count:
        least, widths = t.zigzag(), t.take(minis)
        for width in widths:
            if len(out) >= count:
                break
            need(width <= 64, "not delta packed")
            for d in bits(t.take(per * width // 8), width, per):
                value = (value + least + d + half) % whole - half
                out.append(value)
    return out[:count]


def strings(data, count):
    out, at = [], 0
    for _ in range(count):
        need(at + 4 <= len(data), "cut short")
        end = at + 4 + int.from_bytes(data[at:at + 4], "little")
        need(end <= len(data), "cut short")
        out.append(data[at + 4:end])
        at = end
    return out


def values(kind, encoding, data, count, dictionary):
    """The values of one page. kind is 1 for INT32, 2 for INT64 and 6 for BYTE_ARRAY."""
    if encoding in (2, 8):  # PLAIN_DICTIONARY is the old name of RLE_DICTIONARY
        ids = rle_ids(data, count)
        need(not ids or max(ids) < len(dictionary), "an id outside of the dictionary")
        return [dictionary[i] for i in ids]
    if encoding == 0 and kind == 6:
        return strings(data, count)
    if encoding == 0:
        size = 4 * kind
        need(len(data) >= size * count, "cut short")
        return list(struct.unpack(f"<{count}{'i' if kind == 1 else 'q'}", data[:size * count]))
    if encoding == 5 and kind != 6:
        return delta(Thrift(data), count, 32 * kind)
    need(encoding == 6 and kind == 6, f"encoding {encoding} is not one of a segment")
    t = Thrift(data)
    lengths = delta(t, count, 32)
    need(not lengths or min(lengths) >= 0, "a negative length")
    return [t.take(n) for n in lengths]


COLUMNS = {b"seq": 2, b"received": 2, b"source": 6, b"transport": 6, b"form": 1, b"key": 6, b"commit": 6, b"raw": 6, b"check": 1}


def unpack(codec, data, size):
    need(0 <= size <= MAX_PAGE, "a page is too large")
    if codec == 0:
        need(len(data) == size, "a page has not the length it says")
        return data
    need(codec == 6, "a page is not compressed with zstd")
    try:
        out = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(data).read(size + 1)
    except zstandard.ZstdError as e:
        raise Bad(f"zstd: {e}") from None
    need(len(out) == size, "a page has not the length it says")
    return out


def column(data, kind, meta, rows):
    """The values of one column of a row group, page by page."""
    need(meta[1] == kind and meta[5] == rows, "a column is not as described")
    start, dictionary = min(meta[9], meta.get(11) or meta[9]), []
    need(4 <= start and 0 <= meta[7] <= len(data) - start, "a column is outside of its file")
    t, end = Thrift(data[:start + meta[7]], start), start + meta[7]
    while rows:
        h = t.struct()
        need(0 <= h[3] <= end - t.at, "a page is cut")
        page = t.take(h[3])
        need(4 not in h or h[4] & 0xFFFFFFFF == binascii.crc32(page), "a page does not match its checksum")
        if h[1] == 2:
            need(0 <= h[7][1] <= MAX_GROUP, "a dictionary is too large")
            dictionary = values(kind, 0, unpack(meta[4], page, h[2]), h[7][1], [])
        elif h[1] in (0, 3):
            p = h[5] if h[1] == 0 else h[8]
            need(0 < p[1] <= rows, "a page has more rows than its group")
            rows -= p[1]
            if h[1] == 0:
                yield from values(kind, p[2], unpack(meta[4], page, h[2]), p[1], dictionary)
            else:
                need(p[2] == p[5] == p[6] == 0 and p[3] == p[1], "a column is optional or repeated")
                yield from values(kind, p[4], unpack(meta[4] if p.get(7, True) else 0, page, h[2]), p[1], dictionary)


class Segment:
    """A Parquet file of records."""

    def __init__(self, data):
        need(len(data) >= 12 and data[:4] == data[-4:] == b"PAR1", "not a Parquet file")
        size = int.from_bytes(data[-8:-4], "little")
        need(size <= len(data) - 12, "the footer is larger than the file")
        self.data = data
        self.meta = shaped(lambda: Thrift(data[:-8], len(data) - 8 - size).struct())
        self.notes = shaped(lambda: {n[1].decode(): n.get(2, b"").decode() for n in self.meta.get(5, [])})

    def columns(self, group):
        need(len(group[1]) == len(self.meta[2]) - 1, "not the columns of a segment")
        have = {s[4]: c[3] for s, c in zip(self.meta[2][1:], group[1])}  # they stand in the order of the schema
        return [column(self.data, kind, have[name], group[3]) for name, kind in COLUMNS.items()]

    def __iter__(self):
        flat = {s[4]: s.get(3, 0) for s in self.meta[2][1:]}
        need(all(flat.get(name) == 0 for name in COLUMNS), "a column is missing, optional or repeated")
        rows = 0
        for group in self.meta[4]:
            need(0 < group[3] <= MAX_GROUP, "a row group is too large")
            rows += group[3]
            yield from itertools.starmap(Record, zip(*self.columns(group), strict=True))
        need(rows == self.meta[3], "the file has not the rows it says")


# ---- Write-ahead log -------------------------------------------------------

def crc_table():
    table = list(range(256))
    for _ in range(8):
        table = [n >> 1 ^ (0x82F63B78 if n & 1 else 0) for n in table]
    return tuple(table)


def crc32c(data, table=crc_table()):
    crc = 0xFFFFFFFF
    for b in data:
        crc = table[(crc ^ b) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


class Log:
    """A file of the write-ahead log; records gives those before the first one of the next file. Afterwards
    end says why it ended, and again which record stands a second time there."""

    def __init__(self, path):
        self.path, self.end, self.again, self.last = path, "its end", 0, None
        with open(path, "rb") as f:
            head = f.read(32)
        need(len(head) == 32 and head[:8] == b"KNSKWAL2" and crc32c(head[:28]) == int.from_bytes(head[28:], "big"), "not the header of a log file")
        self.first, self.key_of, self.flags = struct.unpack(">QQI", head[8:28])
        need(self.flags in (0, 1), "an unknown flag")

    def records(self, keys):
        key = AESGCM(sha(b"konseki wal v1\n", keys.secret(f"file {self.key_of:012d}"))) if self.flags else None
        with open(self.path, "rb") as f:
            f.seek(32)
            seq = self.first
            while (head := f.read(8)) and seq <= (self.last or seq):
                n, crc = struct.unpack(">II", head.ljust(8, b"\0"))
                frame = f.read(n) if len(head) == 8 and n <= MAX_FRAME else b""
                if len(head) < 8 or len(frame) < n:
                    self.end = "a frame that is cut"
                    return
                if crc32c(frame) != crc:
                    self.end = "a frame that does not match its checksum"
                    return
                try:
                    r = self.record(key.decrypt(frame[:12], frame[12:], None) if key else frame)
                except (Bad, InvalidTag, ValueError) as e:
                    self.end = f"a frame that is no record: {e or 'it cannot be decrypted'}"
                    return
                if r.seq != seq:
                    self.end, self.again = "a frame that breaks the count", r.seq if r.seq < seq else 0
                    return
                yield r
                seq += 1

    @staticmethod
    def record(b):
        t = Thrift(b)  # for its bounds alone
        number = lambda n: int.from_bytes(t.take(n), "big")
        seq, received = struct.unpack(">Qq", t.take(16))
        source, transport = t.take(number(4)), t.take(number(4))
        form = number(1)
        key = t.take(number(2))
        need(1 <= form <= 6 and (form == 3 or not key), "not a form of a record")
        commit = t.take(0 if form == 1 else 32)
        return Record(seq, received, source, transport, form, key, commit, t.take(len(b) - t.at), None)


# ---- Keyring ---------------------------------------------------------------


def age(secret, path):
    try:
        done = subprocess.run(["age", "-d", "-i", secret if isinstance(secret, str) else "-", str(path)],
                              input=None if isinstance(secret, str) else secret, capture_output=True, check=False)
    except FileNotFoundError:
        raise Unable("the program age is needed to read encrypted files") from None
    need(done.returncode == 0, f"age cannot decrypt it: {done.stderr.decode(errors='replace').strip()[:200]}")
    return done.stdout


class Keys:
    """The keyring: secrets by name, and the names of those destroyed. A closed one was not opened."""

    def __init__(self, folder, identity):
        self.secrets, self.destroyed, self.closed = {}, set(), False
        path = folder / "keyring"
        if not path.exists():
            return
        text = small(path)
        if text.startswith((b"age-encryption.org/", b"-----BEGIN AGE")):
            if not identity:
                self.closed = True
                return
            try:
                text = age(identity, path)
            except Bad as e:
                raise Unable(f"the keyring: {e}") from None
        head, *lines = text.decode(errors="replace").rstrip("\n").split("\n")
        if head != "konseki keyring 1":
            raise Unable("the keyring is of another format")
        try:
            for line in lines:
                shaped(lambda: self.line(parse(line)))
        except Bad as e:
            raise Unable(f"the keyring: {e}") from None

    def line(self, k):
        need(set(k) - {"secret", "destroyed"} == {"name", "made"}, "a line has not the members of a key")
        nanoseconds(k["made"])
        if k.get("secret"):
            need(re.fullmatch("AGE-SECRET-KEY-1[0-9A-Z]{58}", k["secret"]), "a secret is no age identity")
            self.secrets[k["name"]] = k["secret"].encode()
        else:
            nanoseconds(k["destroyed"])
            self.destroyed.add(k["name"])

    def secret(self, name):
        if name not in self.secrets and self.closed:
            raise Unable("the keyring is encrypted: give --identity")
        if name not in self.secrets:
            raise Gone(name)
        return self.secrets[name]


def parse(text):
    """One JSON value; of two members with one name two readers would take different ones."""
    def members(pairs):
        out = dict(pairs)
        need(len(out) == len(pairs), "a JSON object has a member twice")
        return out
    try:
        return json.loads(text, object_pairs_hook=members)
    except (ValueError, RecursionError) as e:
        raise Bad(f"not JSON: {e}") from None


class SegmentFile:
    def __init__(self, path, m):
        self.path, self.m = path, m  # m are the parts of its name

    def records(self, keys):
        first, last, _, again, encrypted = self.m
        data = age(keys.secret(f"file {first}{again or ''}"), self.path) if encrypted else self.path.read_bytes()
        seg, rows = Segment(data), 0
        it = iter(seg)
        while (r := shaped(lambda: next(it, None))) is not None:
            rows += 1
            yield r
        dropped = seg.notes.get("konseki.dropped")
        rows += sum(l - f + 1 for f, l in spans(dropped)) if dropped else 0
        need(rows == int(last) - int(first) + 1, "the file has not as many records as its name says")
