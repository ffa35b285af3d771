/** SHA-256 (FIPS 180-4) and HMAC (RFC 2104) on byte strings: synchronous, and without Node or Web Crypto. */

const primes: number[] = [];
for (let candidate = 2; primes.length < 64; candidate += 1)
  if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);

const fraction = (root: number): number => ((root - Math.floor(root)) * 2 ** 32) | 0;
const ROUNDS = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
const START = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

const rotate = (word: number, by: number): number => (word >>> by) | (word << (32 - by));

/** The digest as 32 bytes. */
export function sha256(bytes: string): string {
  const state = START.slice();
  const blocks = Math.ceil((bytes.length + 9) / 64);
  const schedule = new Int32Array(64);
  for (let block = 0; block < blocks; block += 1) {
    for (let word = 0; word < 16; word += 1) schedule[word] = wordAt(bytes, block * 64 + word * 4, blocks);
    compress(state, schedule);
  }
  let digest = "";
  for (const word of state)
    digest += String.fromCharCode(word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255);
  return digest;
}

/** Four bytes of the padded message. */
function wordAt(bytes: string, at: number, blocks: number): number {
  if (at === blocks * 64 - 8) return Math.floor(bytes.length / 2 ** 29);
  if (at === blocks * 64 - 4) return bytes.length << 3;
  let word = 0;
  for (let byte = 0; byte < 4; byte += 1) {
    const next = at + byte;
    word = (word << 8) | (next < bytes.length ? bytes.charCodeAt(next) : next === bytes.length ? 0x80 : 0);
  }
  return word;
}

type Words = [number, number, number, number, number, number, number, number];

function compress(state: Int32Array, w: Int32Array): void {
  for (let t = 16; t < 64; t += 1) {
    const late = w[t - 2] as number;
    const early = w[t - 15] as number;
    const small1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
    const small0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
    w[t] = (small1 + (w[t - 7] as number) + small0 + (w[t - 16] as number)) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as Words;
  for (let t = 0; t < 64; t += 1) {
    const big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const first = (h + big1 + ((e & f) ^ (~e & g)) + (ROUNDS[t] as number) + (w[t] as number)) | 0;
    const big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const second = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  const added = [a, b, c, d, e, f, g, h];
  for (let at = 0; at < 8; at += 1) state[at] = ((state[at] as number) + (added[at] as number)) | 0;
}

/** The code as 32 bytes. */
export function hmacSha256(key: string, message: string): string {
  const block = (key.length > 64 ? sha256(key) : key).padEnd(64, "\0");
  const padded = (by: number) => {
    let pad = "";
    for (let at = 0; at < 64; at += 1) pad += String.fromCharCode(block.charCodeAt(at) ^ by);
    return pad;
  };
  return sha256(padded(0x5c) + sha256(padded(0x36) + message));
}
