// What is proven: notes, trees, leaves, in the order of docs/format.md.

const utf8 = (text) => new TextEncoder().encode(text);
const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);

function need(true_, what) {
  if (!true_) throw new Error(what);
}

function unbase64(text, size) {
  need(typeof text === "string" && text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text), "a value is not base64");
  const raw = atob(text), out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  need(size === undefined || out.length === size, "a value has not the length it must have");
  return out;
}

function number(n) {
  need(Number.isSafeInteger(n) && n >= 0, "a value is not a number as it must be");
  return n;
}

function decimal(text) {
  need(/^(0|[1-9][0-9]{0,15})$/.test(text), "a value is not a decimal number");
  return number(Number(text));
}

// keysOf reads key.pub: origin+hash+base64 a line.
function keysOf(text, algorithm = 1) {
  const keys = [];
  for (const line of text.trim().split("\n")) {
    const [name, hash, ...rest] = line.trim().split("+");
    const key = unbase64(rest.join("+"), 33);
    need(name && !/\s/.test(name) && key[0] === algorithm, "it is no public key of the form origin+hash+base64");
    need(hex(sha256(utf8(name + "\n"), key).subarray(0, 4)) === hash, "its hash is not that of the key: it was not copied whole");
    need(keys.length === 0 || keys[0].name === name, "the public keys are of several origins");
    keys.push({ name, hash, key: key.subarray(1) });
  }
  return keys;
}

// noteOf takes a signed note apart.
function noteOf(text) {
  const at = text.lastIndexOf("\n\n");
  need(at > 0 && text.endsWith("\n") && text.length <= 2 ** 20 && !/[\0-\x09\x0b-\x1f]/.test(text), "it is no signed note");
  const signatures = text.slice(at + 2, -1).split("\n").map((line) => {
    const m = /^— (\S+) ([A-Za-z0-9+/=]+)$/.exec(line);
    need(m, "a line of the note is no signature");
    const bytes = unbase64(m[2]);
    need(bytes.length > 4, "a line of the note is no signature");
    return { name: m[1], hash: hex(bytes.subarray(0, 4)), bytes: bytes.subarray(4) };
  });
  return { text: text.slice(0, at + 1), signatures };
}

// checkpointOf verifies a checkpoint; gives the number of entries and the root.
async function checkpointOf(text, keys) {
  const note = noteOf(text);
  let good = false;
  for (const s of note.signatures) {
    const known = keys.find((k) => k.name === s.name && k.hash === s.hash);
    if (!known) continue; // a cosignature of somebody else
    need(await signed(known.key, s.bytes, utf8(note.text)), "the checkpoint's signature is wrong");
    good = true;
  }
  need(good, "the checkpoint is not signed with the vault's key");
  const lines = note.text.split("\n");
  need(lines.length >= 4 && lines[0] === keys[0].name, "the checkpoint is of another origin");
  return { size: decimal(lines[1]), root: unbase64(lines[2], 32) };
}

// cosignedAt gives when a witness cosigned, in seconds, or throws.
async function cosignedAt(text, vkey) {
  const [witness] = keysOf(vkey, 4), note = noteOf(text);
  const s = note.signatures.find((x) => x.name === witness.name && x.hash === witness.hash);
  need(s && s.bytes.length === 72, "there is no cosignature of the witness");
  const time = new DataView(s.bytes.buffer, s.bytes.byteOffset).getBigUint64(0);
  need(await signed(witness.key, s.bytes.subarray(8), utf8(`cosignature/v1\ntime ${time}\n${note.text}`)), "the cosignature is wrong");
  return { name: witness.name, time: Number(time) };
}

const ONE = Uint8Array.of(1), NOUGHT = Uint8Array.of(0);
const node = (left, right) => sha256(ONE, left, right);
const paths = (list) => (list ?? []).map((h) => unbase64(h, 32));

// climb gives the root that an audit path leads to (RFC 9162 §2.1.3.2).
function climb(leaf, index, size, path) {
  need(number(index) < number(size) && path.length <= 64, "the proof's position is outside of its tree");
  let at = BigInt(index), last = BigInt(size) - 1n, out = leaf;
  for (const step of path) {
    need(last > 0n, "the audit path is too long");
    if (at & 1n || at === last) {
      out = node(step, out);
      while (!(at & 1n) && at > 0n) { at >>= 1n; last >>= 1n; }
    } else {
      out = node(out, step);
    }
    at >>= 1n;
    last >>= 1n;
  }
  need(last === 0n, "the audit path is too short");
  return out;
}

// consistent checks that one tree is the beginning of another (RFC 9162 §2.1.4.2).
function consistent(a, b, path) {
  const [small, large] = a.size <= b.size ? [a, b] : [b, a];
  need(small.size > 0 && path.length <= 64, "the trees have impossible sizes");
  if (small.size === large.size) {
    need(path.length === 0 && same(small.root, large.root), "the logs are two");
    return;
  }
  let f = BigInt(small.size) - 1n, s = BigInt(large.size) - 1n;
  const steps = (f & (f + 1n)) === 0n ? [small.root, ...path] : path;
  need(steps.length > 0, "the consistency proof is empty");
  for (; f & 1n; f >>= 1n) s >>= 1n;
  let one = steps[0], two = steps[0];
  for (const step of steps.slice(1)) {
    need(s > 0n, "the consistency proof is too long");
    if (f & 1n || f === s) {
      one = node(step, one);
      two = node(step, two);
      for (; !(f & 1n) && f > 0n; f >>= 1n) s >>= 1n;
    } else {
      two = node(two, step);
    }
    f >>= 1n;
    s >>= 1n;
  }
  need(s === 0n && same(one, small.root) && same(two, large.root), "the log is not the one that is remembered");
}

// batchIn checks that a batch is entry number index of the log; gives the batch.
function batchIn(p, log) {
  const first = number(p.first), count = number(p.count), root = unbase64(p.root, 32);
  need(first >= 1 && count >= 1 && count <= 2 ** 20, "the batch is none");
  need(typeof p.sealed_at === "string" && /^[0-9T:.-]+Z$/.test(p.sealed_at), "the batch has no time");
  const entry = utf8(`konseki batch v1\n${first}\n${count}\n${p.root}\n${p.sealed_at}\n`);
  need(same(climb(sha256(NOUGHT, entry), p.log_index, log.size, paths(p.log_path)), log.root), "the batch is not in the log");
  return { first, count, root, index: p.log_index, records: 0 };
}

// nanoseconds reads a time of RFC 3339 in UTC.
function nanoseconds(text) {
  const m = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z$/.exec(text ?? "0001-01-01T00:00:00Z");
  need(m, "a time is not one in UTC");
  const seconds = Date.parse(m[1] + "Z");
  need(!Number.isNaN(seconds), "a time is none");
  return BigInt(seconds) * 1000000n + BigInt(((m[2] ?? ".") + "000000000").slice(1, 10));
}

function headerOf(r) {
  const source = utf8(r.source ?? ""), transport = utf8(r.transport ?? "");
  const out = new Uint8Array(24 + source.length + transport.length), v = new DataView(out.buffer);
  v.setBigUint64(0, BigInt(number(r.seq)));
  v.setBigInt64(8, nanoseconds(r.received));
  v.setUint32(16, source.length);
  out.set(source, 20);
  v.setUint32(20 + source.length, transport.length);
  out.set(transport, 24 + source.length);
  return out;
}

function uint32(n) {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, n);
  return out;
}

const isWord = (b) => b >= 128 || b === 95 || (b >= 48 && b <= 57) || ((b | 32) >= 97 && (b | 32) <= 122);

function contentOfParts(secret, raw) {
  const ends = [];
  for (let i = 1; i < raw.length && ends.length < 65535; i++) if (isWord(raw[i]) !== isWord(raw[i - 1])) ends.push(i);
  ends.push(raw.length);
  const all = new Sum().add(utf8("konseki parts v1")).add(uint32(ends.length));
  let from = 0;
  ends.forEach((end, i) => {
    all.add(sha256(NOUGHT, sha256(secret, uint32(i)).subarray(0, 16), raw.subarray(from, end)));
    from = end;
  });
  return all.done();
}

const MASK = utf8("█████");

// disclosed gives the content of a leaf from what is shown of a record, and what
// a reader may see: bytes, or null when that is nothing.
function disclosed(r, version) {
  const d = r.disclosure;
  if (!d) {
    need(version === 1, "what is disclosed does not fit the leaf version");
    const raw = unbase64(r.raw ?? "");
    return { content: sha256(raw), shown: raw };
  }
  const under = (parts) => {
    if (d.key === undefined) return parts;
    const key = utf8(d.key);
    return sha256(utf8("konseki keyed v1"), Uint8Array.of(key.length >> 8, key.length & 255), key, parts);
  };
  need(Object.keys(d).filter((k) => k !== "key").length === 1 && d.key !== "", "a disclosure has one member, and perhaps a key");
  if (d.content !== undefined) {
    need(d.key === undefined, "what shows nothing names no key");
    return { content: unbase64(d.content, 32), shown: null };
  }
  need(version === (d.key === undefined ? 2 : 3), "what is disclosed does not fit the leaf version");
  if (d.secret !== undefined) {
    const raw = unbase64(r.raw ?? "");
    return { content: under(contentOfParts(unbase64(d.secret, 32), raw)), shown: raw };
  }
  need(Array.isArray(d.parts) && d.parts.length > 0 && d.parts.length <= 65536, "a disclosure has no parts");
  const all = new Sum().add(utf8("konseki parts v1")).add(uint32(d.parts.length)), shown = [];
  let masked = false;
  for (const p of d.parts) {
    if (p.hash !== undefined) {
      need(p.salt === undefined && p.bytes === undefined, "a part is both shown and masked");
      all.add(unbase64(p.hash, 32));
      if (!masked) shown.push(MASK);
      masked = true;
    } else {
      const bytes = unbase64(p.bytes ?? "");
      all.add(sha256(NOUGHT, unbase64(p.salt, 16), bytes));
      shown.push(bytes);
      masked = false;
    }
  }
  const text = new Uint8Array(shown.reduce((n, s) => n + s.length, 0));
  shown.reduce((at, s) => (text.set(s, at), at + s.length), 0);
  return { content: under(all.done()), shown: text, masked: d.parts.some((p) => p.hash !== undefined) };
}

// recordIn checks that a record is in a batch; gives what of it is shown.
function recordIn(r, version, path, batch) {
  need(version === 1 || version === 2 || version === 3, `leaf version ${version} is unknown`);
  need(number(r.seq) >= batch.first && r.seq - batch.first < batch.count, "the record is not in the batch");
  const d = disclosed(r, version);
  const leaf = sha256(NOUGHT, Uint8Array.of(version), headerOf(r), d.content);
  need(same(climb(leaf, r.seq - batch.first, batch.count, paths(path)), batch.root), "the record is not the one that was sealed");
  return d;
}

// provenIn checks a record against a proof that stands by itself.
async function provenIn(r, p, keys) {
  const log = await checkpointOf(p.checkpoint, keys);
  need(p.log_size === log.size && p.seq === r.seq, "the proof is of another record or log");
  const batch = batchIn({ first: p.batch_first, count: p.batch_count, root: p.batch_root, sealed_at: p.sealed_at, log_index: p.log_index, log_path: p.log_path }, log);
  return recordIn(r, p.leaf_version, p.batch_path, batch);
}
