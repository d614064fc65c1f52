// Ed25519 (RFC 8032): the browser's where it has it, else our own.

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = mod(-121665n * power(121666n, P - 2n));
const ROOT = power(2n, (P - 1n) / 4n); // a square root of -1

function mod(x, m = P) {
  const r = x % m;
  return r < 0n ? r + m : r;
}

function power(x, n, m = P) {
  let out = 1n;
  for (x = mod(x, m); n > 0n; n >>= 1n, x = (x * x) % m) if (n & 1n) out = (out * x) % m;
  return out;
}

// A point is x, y, z and x·y in extended coordinates.
const ZERO = [0n, 1n, 1n, 0n];

function plus([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2)), b = mod((y1 + x1) * (y2 + x2)), c = mod(2n * t1 * t2 * D), d = mod(2n * z1 * z2);
  const e = b - a, f = d - c, g = d + c, h = b + a;
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function times(n, point) {
  let out = ZERO;
  for (; n > 0n; n >>= 1n, point = plus(point, point)) if (n & 1n) out = plus(out, point);
  return out;
}

function little(bytes) {
  let n = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) n = (n << 8n) | BigInt(bytes[i]);
  return n;
}

// pointOf reads 32 bytes, or gives null when they are no point.
function pointOf(bytes) {
  const all = little(bytes), sign = all >> 255n, y = all & ((1n << 255n) - 1n);
  if (y >= P) return null;
  const u = mod(y * y - 1n), v = mod(D * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  if (mod(v * x * x) !== u) x = mod(x * ROOT);
  if (mod(v * x * x) !== u || (x === 0n && sign === 1n)) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

function ownVerify(key, signature, text) {
  const a = pointOf(key), r = pointOf(signature.subarray(0, 32)), s = little(signature.subarray(32));
  if (signature.length !== 64 || key.length !== 32 || !a || !r || s >= L) return false;
  const all = new Uint8Array(64 + text.length);
  all.set(signature.subarray(0, 32));
  all.set(key, 32);
  all.set(text, 64);
  const k = mod(little(sha512(all)), L);
  const base = pointOf(Uint8Array.of(0x58, ...new Array(31).fill(0x66)));
  const [x1, y1, z1] = times(s, base), [x2, y2, z2] = plus(r, times(k, a));
  return mod(x1 * z2 - x2 * z1) === 0n && mod(y1 * z2 - y2 * z1) === 0n;
}

// signed tells whether the key signed the text.
async function signed(key, signature, text) {
  if (key.length !== 32 || signature.length !== 64) return false;
  try {
    const known = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "Ed25519" }, known, signature, text);
  } catch {
    return ownVerify(key, signature, text);
  }
}
