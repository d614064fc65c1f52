#!/usr/bin/python3
"""Verifies a konseki vault or bundle without konseki, from docs/format.md alone.

    verify.py [--json] [--key KEY] [--identity FILE] VAULT-FOLDER | BUNDLE.zip

KEY is the vault's public key, got over another channel; without it key.pub of
the vault or bundle is taken, which shows changes but not whose vault it is.
FILE is the age identity that opens an encrypted keyring (age asks for its
passphrase when it has one).

Exit code 0: everything is as it was sealed; 3: something is not; 1: it could
not be looked at. Nothing is written anywhere.

Needs Python 3.11 with zstandard and cryptography (Debian 12: python3-zstandard,
python3-cryptography), and for encrypted vaults the program age. It shares no
code with konseki. This file has what is proven, in the order of docs/format.md:
hashes, checkpoint, log, leaves, the vault, the bundle; files.py reads segments,
write-ahead log and keyring.
"""

import argparse, base64, binascii, hashlib, itertools, json, re, struct, sys, zipfile, zlib
from collections import namedtuple
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

sys.dont_write_bytecode = True  # nothing is written anywhere
from files import Bad, Gone, Keys, Log, SegmentFile, Unable, decimal, nanoseconds, need, parse, sha, shaped, small, spans

MAX_RAW, MAX_SOURCE, MAX_TRANSPORT, MAX_BATCH = 16 << 20, 1024, 65536, 1 << 20


# ---- Hashes ----------------------------------------------------------------

def tree(hashes):
    """The RFC 6962 tree hash over leaf hashes: neighbours are joined level by level, one left over moves up as it is."""
    if not hashes:
        return sha()
    while len(hashes) > 1:
        up = [sha(b"\1", a, b) for a, b in zip(hashes[0::2], hashes[1::2])]
        hashes = up + hashes[-1:] if len(hashes) % 2 else up
    return hashes[0]

def climb(leaf, index, size, path):
    """The root that an audit path leads to (RFC 9162 section 2.1.3.2, which is how a path of RFC 6962 is checked)."""
    need(0 <= index < size, "the proof's position is outside of its tree")
    last, node = size - 1, leaf
    for step in path:
        need(last > 0, "the audit path is too long")
        if index % 2 or index == last:
            node = sha(b"\1", step, node)
            while index % 2 == 0 and index:
                index, last = index // 2, last // 2
        else:
            node = sha(b"\1", node, step)
        index, last = index // 2, last // 2
    need(last == 0, "the audit path is too short")
    return node

def unbase64(text, size=None):
    try:
        b = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError) as e:
        raise Bad(f"not base64: {e}") from None
    need(size is None or len(b) == size, "a value has not the length it must have")
    return b


# ---- Checkpoint: a signed note ---------------------------------------------

def verifiers(text):
    """key.pub: lines of origin+hash+base64(0x01 ‖ Ed25519 key), all of one origin. Gives the origin and {(name, hash): key}."""
    keys = {}
    for line in text.strip().split("\n"):
        try:
            name, number, key = line.strip().split("+", 2)
            key = unbase64(key, 33)
            good = name and not re.search(r"\s", name) and re.fullmatch("[0-9a-f]{8}", number)
        except (ValueError, Bad):
            good = False
        if not good or key[0] != 1 or sha(name.encode(), b"\n", key)[:4].hex() != number:
            raise Unable(f"no public key of the form origin+hash+base64: {line[:200]!r}")
        keys[name, bytes.fromhex(number)] = Ed25519PublicKey.from_public_bytes(key[1:])
    if len({name for name, _ in keys}) != 1:
        raise Unable("the public keys are of several origins")
    return next(iter(keys))[0], keys

def checkpoint(note, keys):
    """Checks a signed checkpoint; gives the number of entries and their root."""
    origin, known = keys
    need(len(note) <= 1 << 20 and not re.search("[\0-\x09\x0b-\x1f]", note), "the checkpoint is no signed note")
    text, parted, rest = note.rpartition("\n\n")
    need(parted and rest.endswith("\n"), "the checkpoint is no signed note")
    text, signed = text + "\n", False
    for line in rest[:-1].split("\n"):
        mark, _, line = line.partition(" ")
        name, _, signature = line.rpartition(" ")
        need(mark == "—" and name, "the checkpoint has a line that is no signature")
        signature = unbase64(signature)
        key = known.get((name, signature[:4]))
        if key is None:
            continue  # a cosignature of somebody else
        try:
            key.verify(signature[4:], text.encode())
        except InvalidSignature:
            raise Bad("the checkpoint's signature is wrong") from None
        signed = True
    need(signed, "the checkpoint is not signed with the vault's key")
    lines = text.split("\n")
    need(len(lines) >= 4 and lines[0] == origin, "the checkpoint is of another origin")
    return decimal(lines[1]), unbase64(lines[2], 32)


# ---- Log: entries in tiles, each stating one batch -------------------------

Batch = namedtuple("Batch", "first count root time entry")

def batch(entry):
    lines = entry.split(b"\n")
    need(len(lines) == 6 and lines[0] == b"konseki batch v1" and lines[5] == b"", "a log entry states no batch")
    first, count, root, time = (line.decode("ascii", "replace") for line in lines[1:5])
    b = Batch(decimal(first), decimal(count), unbase64(root, 32), time, entry)
    need(b.first >= 1 and 1 <= b.count <= MAX_BATCH, "a log entry states an impossible batch")
    return b

def tile(log, level, n, width):
    """A tile of width entries; a log that has grown may have replaced a partial one by a fuller one. tlog-tiles
    writes number 1234067 as x001/x234/067, and a tile of less than 256 entries with .p/ and how many they are."""
    name, rest = f"{n % 1000:03d}", n // 1000
    while rest:
        name, rest = f"x{rest % 1000:03d}/{name}", rest // 1000
    for tail in [f".p/{width}" if width < 256 else ""] + [""] + [f".p/{w}" for w in range(width + 1, 256)]:
        path = log / f"tile/{level}/{name}{tail}"
        if path.is_file():
            return small(path)
    raise Bad(f"the tile {level}/{name} is missing")

def entries(log, size):
    """The entries of the log in order."""
    for n in range((size + 255) // 256):
        width, at = min(256, size - n * 256), 0
        data = tile(log, "entries", n, width)
        for _ in range(width):
            need(at + 2 <= len(data), f"the entry bundle {n} is cut")
            end = at + 2 + int.from_bytes(data[at:at + 2], "big")
            need(end <= len(data), f"the entry bundle {n} is cut")
            yield data[at + 2:end]
            at = end

def check_tiles(log, hashes):
    """The hash tiles, from which proofs are made, must hold the nodes of the tree over the entries: every eighth level of it."""
    level = 0
    while hashes:
        for at in range(0, len(hashes), 256):
            part = b"".join(hashes[at:at + 256])
            data = tile(log, level, at // 256, len(part) // 32)
            need(data[:len(part)] == part, f"the tile {level}/{at // 256} is not that of the entries")
        hashes, level = [tree(hashes[at:at + 256]) for at in range(0, len(hashes) - 255, 256)], level + 1


# ---- Records and their leaves ----------------------------------------------

WORDS = re.compile(rb"[0-9A-Za-z_\x80-\xff]+|[^0-9A-Za-z_\x80-\xff]+")

def header(seq, received, source, transport):
    return struct.pack(">QqI", seq, received, len(source)) + source + struct.pack(">I", len(transport)) + transport

def content_of_parts(secret, raw):
    parts = [m.group() for m in itertools.islice(WORDS.finditer(raw), 65536)] or [b""]
    if len(parts) == 65536:  # after 65,535 cuts the rest is one part
        parts[-1] = raw[sum(map(len, parts[:-1])):]
    sha256 = hashlib.sha256
    hashes = [sha256(b"\0" + sha256(secret + i.to_bytes(4, "big")).digest()[:16] + part).digest() for i, part in enumerate(parts)]
    return sha(b"konseki parts v1", struct.pack(">I", len(parts)), *hashes)

def content_under(key, parts):
    return sha(b"konseki keyed v1", struct.pack(">H", len(key)), key, parts)

def leaf(version, head, content):
    return sha(b"\0", bytes([version]), head, content)

def leaf_of(r):
    """The leaf of a record as it is kept, by its form."""
    commit = {1: 0, 2: 32, 3: 32, 4: 32, 5: 32, 6: 32}.get(r.form)
    need(commit is not None, f"form {r.form} is unknown")
    need(len(r.commit) == commit and not (r.form > 3 and r.body) and (r.key or r.form != 3), f"not what form {r.form} looks like")
    need(len(r.source) <= MAX_SOURCE and len(r.transport) <= MAX_TRANSPORT and len(r.body) <= MAX_RAW + 60, "longer than a record may be")
    content = (sha(r.body) if r.form == 1 else content_of_parts(r.commit, r.body) if r.form == 2
               else content_under(r.key, r.commit) if r.form == 3 else r.commit)
    return leaf({1: 1, 4: 1, 2: 2, 5: 2}.get(r.form, 3), header(r.seq, r.received, r.source, r.transport), content)


# ---- A vault ---------------------------------------------------------------

def merged(pairs):
    out = []
    for first, last in sorted(pairs):
        if out and first <= out[-1][1] + 1:
            out[-1][1] = max(last, out[-1][1])
        elif first <= last:
            out.append([first, last])
    return out

def within(first, last, ranges):
    return any(f <= first and last <= l for f, l in ranges)

class Vault:
    def __init__(self, folder, key, identity):
        self.folder, self.problems = folder, []
        self.rep = dict.fromkeys("records sealed unsealed raw_bytes segments batches expired shredded locked".split(), 0)
        self.skipped = []   # (first, last, why) of files that could not be read; why is "" when a problem says so
        self.let_go = []    # spans of sealed records of form 4 and 5, and of batches without rows
        self.under = {}     # name of a key that is not at hand → [its first record, how many]
        self.expired, self.shredded = [], set()  # what sealed records declare
        if (folder / "restoring").exists() or not (folder / "format").exists():
            raise Unable("no vault here")
        if small(folder / "format").rstrip(b"\n") != b"konseki vault 2":
            raise Unable("the vault is of another format than `konseki vault 2`")
        pub = small(folder / "key.pub").decode(errors="replace")
        self.trust = verifiers(key or pub)
        if key and not set(self.trust[1]) & set(verifiers(pub)[1]):
            self.problem("foreign", "key.pub", 0, "the vault has another public key than the one given")
        self.keys = Keys(folder, identity)

    def problem(self, kind, file, record, detail):
        self.problems.append({"kind": kind, "segment": file, "record": record, "detail": str(detail)})

    def verify(self):
        self.rep["origin"] = self.trust[0]
        try:
            note = small(self.folder / "log/checkpoint").decode(errors="replace")
            self.rep["checkpoint"] = note
            size, root = checkpoint(note, self.trust)
        except (Bad, Unable) as e:
            self.problem("checkpoint", "log/checkpoint", 0, e)
            return self.report()
        try:
            listed = list(entries(self.folder / "log", size))
            hashes = [sha(b"\0", e) for e in listed]
            need(tree(hashes) == root, "the entries are not those that the checkpoint signs")
            check_tiles(self.folder / "log", hashes)
            batches = self.batches(listed)
        except Bad as e:
            self.problem("log", "log", 0, e)
            return self.report()
        self.check(batches)
        return self.report()

    def batches(self, listed):
        out, due = [], 1
        for e in listed:
            b = batch(e)
            need(b.first == due, "the batches do not follow each other")
            due += b.count
            out.append(b)
        self.rep["batches"], self.rep["sealed"] = len(out), due - 1
        return out

    def report(self):
        return {"ok": not self.problems, **self.rep, "problems": self.problems}

    # Step 4: every batch against its records.
    def check(self, batches):
        found = self.records()
        ahead = next(found, None)
        for b in batches:
            last, have, due, missing = b.first + b.count - 1, [], b.first, []
            while ahead and ahead[0].seq <= last:
                if ahead[0].seq > due:
                    missing.append((due, ahead[0].seq - 1))
                have.append(ahead)
                due = ahead[0].seq + 1
                ahead = next(found, None)
            if due <= last:
                missing.append((due, last))
            self.check_batch(b, have, missing)
        while ahead:
            if ahead[2].startswith("segments/"):
                self.problem("checkpoint", ahead[2], ahead[0].seq, "a segment has records that the checkpoint does not cover: it is older")
                break
            self.rep["unsealed"] += 1
            ahead = next(found, None)
        self.check_let_go()

    def check_batch(self, b, have, missing):
        for first, last in missing:
            if within(first, last, [s[:2] for s in self.skipped]):
                continue
            if have:
                self.problem("removed", have[0][2], first, f"sealed records {first} to {last} are missing")
            else:
                self.let_go.append((first, last))
        if missing:
            return
        if tree([h[1] for h in have]) != b.root:
            changed = [(r, file) for r, l, file, _ in have if r.check is not None and r.check & 0xFFFFFFFF != int.from_bytes(l[:4], "big")]
            for r, file in changed[:100]:
                self.problem("changed", file, r.seq, "the record is not the one that was sealed")
            if not changed:
                self.problem("changed", have[0][2], b.first, f"the records {b.first} to {b.first + b.count - 1} do not have the root that was sealed")
            return
        for r, _, file, raw in have:
            self.sealed(r, file, raw)

    def sealed(self, r, file, raw):
        """What a record says that its batch proves."""
        if r.form >= 4:
            self.let_go.append((r.seq, r.seq))
        if r.form == 3 and raw is None:
            self.under.setdefault(r.key.decode(errors="replace"), [r.seq, 0, file])[1] += 1
        if raw is None or r.source not in (b"konseki.expiry", b"konseki.shred"):
            return
        try:
            said = parse(raw)
            if r.source == b"konseki.shred":
                self.shredded |= set(said.get("keys", []))
            else:
                self.expired += [(first, last) for first, last in spans(said["records"]) if last < r.seq]
        except (Bad, KeyError, TypeError, AttributeError) as e:
            self.problem("changed", file, r.seq, f"what was let go cannot be read: {e}")

    # Step 5: what is gone against what was declared.
    def check_let_go(self):
        declared = merged(self.expired)
        for first, last in merged(self.let_go):
            gone = sum(min(last, l) - max(first, f) + 1 for f, l in declared if f <= last and first <= l)
            self.rep["expired"] += gone
            if gone <= last - first:
                self.problem("removed", "segments", first, f"of the records {first} to {last}, {last - first + 1 - gone} are gone and no sealed record declares it")
        for first, last, why in self.skipped:
            if why and why not in self.shredded | self.keys.destroyed and not self.problems:
                raise Unable(f"the key {why!r} is not in the keyring, and no sealed record declares it destroyed")
            if why:
                self.under[why] = [first, last - first + 1, "segments"]
        for name, (first, count, file) in self.under.items():
            if name in self.shredded:
                self.rep["shredded"] += count
            elif name in self.keys.destroyed:
                self.problem("removed", file, first, f"the key {name!r} was destroyed and no sealed record declares it")
            else:
                self.rep["locked"] += count

    # The records in sequence, each with its leaf, its file and, when it can be had, its raw bytes.
    def records(self):
        due = 1
        for first, last, name, read in self.files():
            got = first
            try:
                for r in read.records(self.keys):
                    if last and not first <= r.seq <= last:
                        raise Bad(f"record {r.seq} does not belong into this file")
                    if r.seq < got:
                        raise Bad(f"record {r.seq} stands behind record {got - 1}")
                    got = r.seq + 1
                    if r.seq < due:
                        continue  # of the log, and in a segment already
                    due = r.seq + 1
                    self.rep["records"] += 1
                    self.rep["raw_bytes"] += len(r.body) if r.form < 3 else 0
                    yield r, leaf_of(r), name, self.raw(r, name)
            except Gone as e:
                last = last or max(self.rep["sealed"], first)
                self.skipped.append((first, last, str(e)))
                due = max(due, last + 1)
            except Bad as e:
                self.problem("unreadable", name, got, e)
                self.skipped.append((got, last or 1 << 63, ""))
            if 0 < getattr(read, "again", 0) <= self.rep["sealed"]:
                self.problem("inserted", name, read.again, "the record stands twice")

    def raw(self, r, name):
        """The raw bytes, which for form 3 must be those that the content commits to (step 6); None when they cannot be had."""
        if r.form < 3:
            return r.body
        if r.form > 3:
            return None
        secret = self.keys.secrets.get(r.key.decode(errors="replace"))
        if secret is None:
            return None
        try:
            plain = AESGCM(sha(b"konseki record v1\n", secret)).decrypt(r.body[:12], r.body[12:], r.commit)
            need(content_of_parts(plain[:32], plain[32:]) == r.commit, "")
        except (InvalidTag, ValueError, Bad):
            self.problem("changed", name, r.seq, "what is kept under a key is not what was sealed")
            return None
        return plain[32:]

    def files(self):
        """(first, last, name, read) of each segment and log file in order."""
        segs = []
        for path in sorted((self.folder / "segments").glob("*")):
            m = re.fullmatch(r"([0-9]{12,})-([0-9]{12,})(\.r([1-9][0-9]*))?\.parquet(\.age)?", path.name)
            if m:
                segs.append((int(m[1]), int(m[2]), int(m[4] or 0), path, m))
            elif path.suffix != ".part":
                self.problem("foreign", f"segments/{path.name}", 0, "not a name of a segment")
        segs = [s for s in segs if not any(o[2] > s[2] and o[0] <= s[0] and s[1] <= o[1] for o in segs)]
        out, due = [], 0
        for first, last, _, path, m in sorted(segs, key=lambda s: s[:3]):
            name = f"segments/{path.name}"
            if first <= due or last < first:
                self.problem("inserted", name, first, "its records are in another segment too")
                continue
            due = last
            out.append((first, last, name, SegmentFile(path, (m[1], m[2], m[4], m[3], m[5]))))
        self.rep["segments"] = len(out)
        return sorted(out + self.logs(), key=lambda f: (f[0], f[2]))

    def logs(self):
        logs = []
        for path in sorted((self.folder / "wal").glob("*.wal")):
            try:
                logs.append(Log(path))
            except Bad as e:
                self.problem("unreadable", f"wal/{path.name}", 0, e)
        for one, after in itertools.pairwise(logs):
            one.last = after.first - 1
        return [(one.first, one.last, f"wal/{one.path.name}", one) for one in logs]


# ---- A bundle --------------------------------------------------------------

PROOF = "leaf_version seq batch_first batch_count batch_root sealed_at batch_path log_index log_size log_path checkpoint".split()

def disclosed(r, version):
    """The content of a record's leaf from what is shown of it, and the raw bytes when that is everything."""
    d = r.get("disclosure")
    if d is None:
        need(version == 1, "the record is committed to in parts and no disclosure comes with it")
        raw = unbase64(r.get("raw", ""))
        return sha(raw), raw
    key = d.get("key")
    need(len(d) == (1 if key is None else 2) and key != "", "a disclosure has one member, and perhaps a key")
    if "content" in d:
        need(key is None, "what shows nothing names no key")
        return unbase64(d["content"], 32), None
    need(version == (2 if key is None else 3), "a disclosure of parts is of another leaf version")
    under = (lambda parts: parts) if key is None else (lambda parts: content_under(key.encode(), parts))
    if "secret" in d:
        raw = unbase64(r.get("raw", ""))
        return under(content_of_parts(unbase64(d["secret"], 32), raw)), raw
    parts = [unbase64(p["hash"], 32) if set(p) == {"hash"} else sha(b"\0", unbase64(p["salt"], 16), unbase64(p.get("bytes", ""))) for p in d["parts"]]
    return under(sha(b"konseki parts v1", struct.pack(">I", len(parts)), *parts)), None

def entry_of(p):
    """The log entry that a proof's batch is."""
    return f"konseki batch v1\n{p['batch_first']}\n{p['batch_count']}\n{p['batch_root']}\n{p['sealed_at']}\n".encode()

def in_log(entry, index, path, size, root):
    """Checks that a batch is in the log; gives the batch."""
    need(climb(sha(b"\0", entry), index, size, [unbase64(h, 32) for h in path]) == root, "the batch is not in the log")
    return batch(entry)

def in_batch(r, version, path, b):
    """Checks that a record is in a batch; gives its raw bytes when all are shown."""
    need(version in (1, 2, 3), "the leaf version is unknown")
    content, raw = disclosed(r, version)
    head = header(r["seq"], nanoseconds(r["received"]), r.get("source", "").encode(), r.get("transport", "").encode())
    root = climb(leaf(version, head, content), r["seq"] - b.first, b.count, [unbase64(h, 32) for h in path])
    need(root == b.root, "the record is not the one that was sealed")
    return raw

def proven(r, p, keys):
    """Checks that a record of a bundle is the one that the proof is of; gives its raw bytes when all are shown."""
    need(set(p) == set(PROOF), "the proof has not the members of a proof")
    size, root = checkpoint(p["checkpoint"], keys)
    need(p["log_size"] == size and p["seq"] == r["seq"], "the proof is of another record or log")
    b = in_log(entry_of(p), p["log_index"], p["log_path"], size, root)
    return in_batch(r, p["leaf_version"], p["batch_path"], b)

def consistent(small, large, path):
    """Checks that one tree of (size, root) is the beginning of another (RFC 9162 section 2.1.4.2)."""
    (first, one), (second, two) = small, large
    need(0 < first <= second and len(path) <= 64, "the trees have impossible sizes")
    if first == second:
        need(one == two and not path, "the logs are two")
        return
    path = list(path) if first & (first - 1) else [one, *path]
    need(path, "the consistency proof is empty")
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        need(sn > 0, "the consistency proof is too long")
        if fn & 1 or fn == sn:
            fr, sr = sha(b"\1", c, fr), sha(b"\1", c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha(b"\1", sr, c)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0 and fr == one and sr == two, "the log is not the one that is remembered")

REQUIRED = {2: ("issue.json", "records.jsonl", "proofs.jsonl", "case.json", "key.pub"), 3: ("issue.json", "evidence.jsonl", "case.json", "key.pub")}

CITING = "timeline statements questions scopes facts submissions told decisions containments conditions measures".split()

def cites(one):
    """What a part of a case cites: itself, by its check, and by the last result of it."""
    last = (one.get("results") or [{}])[-1]
    return [seq for o in (one, one.get("check") or {}, last) for seq in o.get("cites") or []]

class Bundle:
    def __init__(self, path, key):
        self.problems, self.rep, self.path, self.log = [], {}, path, None
        try:
            with zipfile.ZipFile(path) as z:
                infos = z.infolist()
                self.names = {i.filename for i in infos}
                need(len(infos) == len(self.names) <= 256 and sum(i.file_size for i in infos) <= 16 << 30, "too many files, or one twice")
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as e:
            raise Bad(f"not a zip file, or a damaged one: {e}") from None
        self.format = 3 if "evidence.jsonl" in self.names else 2
        for name in REQUIRED[self.format]:
            need(name in self.names, f"not a konseki bundle: {name} is missing")
        own = self.read("key.pub").decode(errors="replace").strip()
        if key and key.strip() != own:
            self.problem("key.pub", 0, "the bundle carries another public key than the one given")
        self.keys = verifiers(key or own)

    def read(self, name):
        return b"".join(self.chunks(name))

    def chunks(self, name):
        try:
            with zipfile.ZipFile(self.path) as z, z.open(name) as f:
                while piece := f.read(1 << 20):
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as e:
            raise Bad(f"{name} cannot be read: {e}") from None

    def lines(self, name):
        rest = b""
        for piece in self.chunks(name):
            *whole, rest = (rest + piece).split(b"\n")
            need(len(rest) <= 64 << 20, f"{name} has a line that is too long")
            yield from (l for l in whole if l)
        if rest:
            yield rest

    def problem(self, file, record, detail):
        self.problems.append({"kind": "changed", "segment": file, "record": record, "detail": str(detail)})

    def verify(self):
        self.have, self.unshown = set(), {}
        for part, name in [(self.issue, "issue.json"), (self.records if self.format == 2 else self.evidence, "evidence"), (self.anchors, "anchors.jsonl"), (self.case, "case.json")]:
            try:
                shaped(part)
            except Bad as e:
                self.problem(name, 0, e)
        return {"ok": not self.problems, **self.rep, "origin": self.keys[0], "files": len(self.names), "format": self.format, "problems": self.problems}

    def issue(self):
        """The sealed list of files, and every file against it."""
        issue = parse(self.read("issue.json"))
        said = parse(proven(issue["record"], issue["proof"], self.keys) or b"{}")
        need(issue["record"]["source"] == "konseki.report" and said["op"] == "export", "the sealed record is no issue of a bundle")
        self.rep |= {"case": said["case"], "issued_at": said["at"], "issued_by": said["by"]}
        if said["format"] != self.format:
            self.problem("issue.json", 0, f"it was issued in format {said['format']} and is not of that format")
        for name in sorted(set(said["files"]) | self.names - {"issue.json"}):
            if name not in self.names:
                self.problem(name, 0, "is missing")
            elif name not in said["files"]:
                self.problem(name, 0, "was added after the bundle was issued")
            elif self.sum(name) != said["files"][name]:
                self.problem(name, 0, "was changed after the bundle was issued")

    def sum(self, name):
        h = hashlib.sha256()
        try:
            for piece in self.chunks(name):
                h.update(piece)
        except Bad as e:
            return str(e)
        return h.hexdigest()

    def records(self):
        """Format 2: every record against the proof in the same line of another file."""
        for number, (r, p) in enumerate(itertools.zip_longest(self.lines("records.jsonl"), self.lines("proofs.jsonl")), 1):
            try:
                need(r and p, "there are not as many proofs as records")
                r = parse(r)
                shaped(lambda: proven(r, parse(p), self.keys))
                need(r["seq"] not in self.have, "the record stands twice")
                self.have.add(r["seq"])
            except Bad as e:
                self.problem("records.jsonl", number, f"line {number}: {e}")

    def evidence(self):
        """Format 3: checkpoints, batches and records, each under what stands before it."""
        self.b, self.last, self.under = None, 0, {}
        for number, l in enumerate(self.lines("evidence.jsonl"), 1):
            try:
                shaped(lambda: self.line(parse(l)))
            except Bad as e:
                self.problem("evidence.jsonl", number, f"line {number}: {e}")

    def line(self, l):
        kinds = {"checkpoint", "batch", "record"} & set(l)
        need(len(kinds) == 1, "a line is one of checkpoint, batch and record")
        if "checkpoint" in l:
            self.log = self.b = None
            self.log, self.under = checkpoint(l["checkpoint"], self.keys), {}
        elif "batch" in l:
            self.b = None
            need(self.log, "the batch is under no checkpoint that holds")
            p = l["batch"]
            entry = entry_of({"batch_" + k: p[k] for k in ("first", "count", "root")} | {"sealed_at": p["sealed_at"]})
            self.b, self.index = in_log(entry, p["log_index"], p.get("log_path", []), *self.log), p["log_index"]
        else:
            self.record(l, l["record"])

    def record(self, l, r):
        need(r["seq"] > self.last, f"record {r['seq']} stands twice or out of order")
        self.last, gone = r["seq"], r.get("gone")
        need(gone in (None, "expired", "shredded", "locked"), "it is not said why the record is not shown")
        if "leaf_version" not in l:
            need(gone and set(r) == {"seq", "gone"}, f"record {r['seq']} comes without a proof")
        else:
            need(self.b, f"record {r['seq']} is under no batch that holds")
            need(not gone or "content" in (r.get("disclosure") or {}), "a record that is said to be gone is shown")
            in_batch(r, l["leaf_version"], l.get("path", []), self.b)
            self.under[self.index] = self.under.get(self.index, 0) + 1
        self.have.add(r["seq"])
        if gone:
            self.unshown[r["seq"]] = gone

    def anchors(self):
        """What remembers the log outside. Cosignatures are checked here; timestamps are left to `openssl ts -verify`."""
        told, remembered = [], 0
        for number, l in enumerate(self.lines("anchors.jsonl") if "anchors.jsonl" in self.names else (), 1):
            try:
                size, held = shaped(lambda: self.anchor(parse(l)))
                told.append({"size": size, "held": held})
                remembered = max(remembered, size if held else 0)
            except Bad as e:
                self.problem("anchors.jsonl", number, f"line {number}: {e}")
        anchored = sum(n for index, n in getattr(self, "under", {}).items() if index < remembered)
        self.rep |= {"anchors": told, "anchored": anchored, "unshown": self.unshown}

    def anchor(self, a):
        need(self.log, "there is no checkpoint that the anchor could remember")
        own = checkpoint(a["note"], self.keys)
        need(a["to"] == self.log[0], "the anchor leads to another log than the evidence's")
        consistent(*sorted([own, self.log], key=lambda t: t[0]), [unbase64(h, 32) for h in a.get("path") or []])
        held = a["kind"] == "witness" and bool(a.get("key")) and cosigned(a["note"], a["key"])
        return own[0], held

    def case(self):
        """What the case cites must be among the records."""
        case = parse(self.read("case.json"))
        cited = {seq for part in CITING for one in case.get(part) or [] for seq in cites(one)}
        for seq in sorted((cited | {h["record"] for h in case.get("history") or []}) - self.have):
            self.problem("case.json", seq, f"record {seq} is cited and not in the bundle, or is not proven")
        self.rep |= {"records": len(self.have), "cited": len(cited)}

def cosigned(note, key):
    """Whether a witness cosigned (C2SP tlog-cosignature): Ed25519 over "cosignature/v1", the time and the checkpoint's text."""
    name, number, key = key.strip().split("+", 2)
    key = unbase64(key, 33)
    need(key[0] == 4 and sha(name.encode(), b"\n", key)[:4].hex() == number, "no key of a witness")
    text = note.rpartition("\n\n")[0] + "\n"
    for line in note.rpartition("\n\n")[2].splitlines():
        if line.startswith(f"— {name} "):
            sig = unbase64(line.rpartition(" ")[2])
            if sig[:4].hex() == number and len(sig) == 76:
                time = int.from_bytes(sig[4:12], "big")
                try:
                    Ed25519PublicKey.from_public_bytes(key[1:]).verify(sig[12:], f"cosignature/v1\ntime {time}\n{text}".encode())
                    return True
                except InvalidSignature:
                    return False
    return False


# ---- Command line ----------------------------------------------------------

def show(text):
    return re.sub(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]", "\ufffd", str(text))

def main():
    ap = argparse.ArgumentParser(description="Verifies a konseki vault or bundle without konseki.")
    ap.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    ap.add_argument("--key", help="public key of the vault, got over another channel")
    ap.add_argument("--identity", metavar="FILE", help="age identity that opens the keyring")
    ap.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="folder of a vault, or a bundle")
    a = ap.parse_args()
    return max((look(path, a) for path in a.paths), key=[0, 3, 1].index)

def look(path, a):
    try:
        rep = (Vault(path, a.key, a.identity) if path.is_dir() else Bundle(path, a.key)).verify()
    except Bad as e:
        rep = {"ok": False, "problems": [{"kind": "unreadable", "segment": path.name, "record": 0, "detail": str(e)}]}
    except (Unable, OSError) as e:
        rep = {"ok": False, "error": show(e)}
    if a.json:
        print(json.dumps(rep))
    elif "error" in rep:
        print(f"verify.py: {show(path)}: {rep['error']}", file=sys.stderr)
    else:
        for name, value in rep.items():
            if name not in ("ok", "problems", "checkpoint"):
                print(f"{name:10} {show(value)}")
        for p in rep["problems"]:
            print(f"  {p['kind']:11}{show(p['segment'])} {'#%d ' % p['record'] if p['record'] else ''}{show(p['detail'])}")
        print("verified: everything is as it was sealed" if rep["ok"] else f"verification failed: {len(rep['problems'])} problems")
    return 1 if "error" in rep else 0 if rep["ok"] else 3

if __name__ == "__main__":
    sys.exit(main())
