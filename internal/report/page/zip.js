// A zip file is read piece by piece: it may be larger than memory.

const MAX_FILES = 256, MAX_BYTES = 16 * 2 ** 30, MAX_SMALL = 256 * 2 ** 20, MAX_LINE = 64 * 2 ** 20;

class Refused extends Error {} // it is no bundle at all

async function bytesOf(blob) {
  return new Uint8Array(await blob.arrayBuffer());
}

// unzip reads the list of files: a map from names to what is needed to read one.
async function unzip(file) {
  const tailAt = Math.max(0, file.size - 65557), tail = await bytesOf(file.slice(tailAt));
  let end = tail.length - 22;
  const view = new DataView(tail.buffer);
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw new Refused("not a zip file");
  const count = view.getUint16(end + 10, true), size = view.getUint32(end + 12, true), at = view.getUint32(end + 16, true);
  if (count === 0xffff || size === 0xffffffff || at === 0xffffffff) throw new Refused("the zip file is too large for this page: use the program");
  if (count > MAX_FILES) throw new Refused(`holds ${count} files, a bundle at most ${MAX_FILES}`);
  const list = await bytesOf(file.slice(at, at + size));
  const files = new Map();
  let total = 0;
  for (let i = 0, p = 0; i < count; i++) {
    const v = new DataView(list.buffer, p);
    if (list.length - p < 46 || v.getUint32(0, true) !== 0x02014b50) throw new Refused("not a zip file: its list is damaged");
    const names = v.getUint16(28, true), extra = v.getUint16(30, true), comment = v.getUint16(32, true);
    const name = new TextDecoder().decode(list.subarray(p + 46, p + 46 + names));
    const entry = { method: v.getUint16(10, true), crc: v.getInt32(16, true), packed: v.getUint32(20, true), size: v.getUint32(24, true), at: v.getUint32(42, true) };
    if (files.has(name)) throw new Refused(`holds ${JSON.stringify(name)} twice`);
    total += entry.size;
    if (total > MAX_BYTES) throw new Refused("unpacks to too many bytes");
    files.set(name, entry);
    p += 46 + names + extra + comment;
  }
  return files;
}

// pieces yields the bytes of one file of the zip as they are unpacked. More of
// them than the list says is an error, and so are fewer or others.
async function* pieces(file, entry) {
  const head = new DataView((await bytesOf(file.slice(entry.at, entry.at + 30))).buffer);
  if (head.byteLength < 30 || head.getUint32(0, true) !== 0x04034b50) throw new Error("its place in the zip file is damaged");
  const from = entry.at + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  let stream = file.slice(from, from + entry.packed).stream();
  if (entry.method === 8) stream = stream.pipeThrough(new DecompressionStream("deflate-raw"));
  else if (entry.method !== 0) throw new Error("it is packed in an unknown way");
  const reader = stream.getReader();
  let left = entry.size, crc = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    left -= value.length;
    if (left < 0) throw new Error("it is longer than the zip file says");
    crc = crc32(value, crc);
    yield value;
  }
  if (left > 0) throw new Error("it is shorter than the zip file says");
  if (crc !== entry.crc) throw new Error("its check sum is wrong");
}

// Member reads one file and knows its SHA-256 in the end.
class Member {
  constructor(bundle, name) {
    this.bundle = bundle;
    this.name = name;
  }

  async *read() {
    const sum = new Sum();
    for await (const p of pieces(this.bundle.file, this.bundle.files.get(this.name))) {
      sum.add(p);
      this.bundle.progress(p.length);
      yield p;
    }
    this.bundle.sums.set(this.name, hex(sum.done()));
  }

  async whole() {
    const size = this.bundle.files.get(this.name).size;
    if (size > MAX_SMALL) throw new Error("it is too long");
    const out = new Uint8Array(size);
    let at = 0;
    for await (const p of this.read()) {
      out.set(p, at);
      at += p.length;
    }
    return out;
  }

  // lines yields the lines that are not empty, as text.
  async *lines() {
    let rest = new Uint8Array(0);
    for await (let p of this.read()) {
      for (let at = p.indexOf(10); at >= 0; at = p.indexOf(10)) {
        const line = join(rest, p.subarray(0, at));
        rest = new Uint8Array(0);
        p = p.subarray(at + 1);
        if (line.length > 0) yield line;
      }
      rest = join(rest, p);
      if (rest.length > MAX_LINE) throw new Error("it has a line that is too long");
    }
    if (rest.length > 0) yield rest;
  }
}

function join(a, b) {
  if (a.length === 0) return b.slice();
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
