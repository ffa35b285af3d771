/** Encodings of the functions `url_decode`, `decode_base64` and `encode_base64`, on byte strings. */
import { toBytes } from "../bytes.ts";

/** How often `r` decodes at most, so that hostile input cannot keep it busy. */
const MAX_ROUNDS = 64;

/** `%XX` and `+`; option `u` also `%uXXXX`, option `r` again and again until nothing changes. */
export function urlDecode(text: string, options: string): string {
  let decoded = decodeOnce(text, options.includes("u"));
  if (!options.includes("r")) return decoded;
  for (let round = 1; round < MAX_ROUNDS; round += 1) {
    const next = decodeOnce(decoded, options.includes("u"));
    if (next === decoded) break;
    decoded = next;
  }
  return decoded;
}

function decodeOnce(text: string, unicode: boolean): string {
  if (!text.includes("%") && !text.includes("+")) return text;
  const escapes = unicode ? /%u([0-9a-fA-F]{4})|%([0-9a-fA-F]{2})|\+/g : /()%([0-9a-fA-F]{2})|\+/g;
  return text.replace(escapes, (_, wide?: string, byte?: string) => {
    if (wide) return toBytes(String.fromCharCode(Number.parseInt(wide, 16)));
    return byte ? String.fromCharCode(Number.parseInt(byte, 16)) : " ";
  });
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** RFC 4648; flag `u` the URL alphabet, flag `p` padding. */
export function encodeBase64(bytes: string, flags: string): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = Math.min(3, bytes.length - at);
    const group =
      (bytes.charCodeAt(at) << 16) |
      ((left > 1 ? bytes.charCodeAt(at + 1) : 0) << 8) |
      (left > 2 ? bytes.charCodeAt(at + 2) : 0);
    for (let digit = 0; digit <= left; digit += 1) text += ALPHABET[(group >> (18 - 6 * digit)) & 63];
    if (flags.includes("p")) text += "=".repeat(3 - left);
  }
  return flags.includes("u") ? text.replaceAll("+", "-").replaceAll("/", "_") : text;
}

/** Both alphabets, padding optional; undefined where it is not base64. */
export function decodeBase64(text: string): string | undefined {
  if (text.endsWith("=") && text.length % 4 !== 0) return undefined;
  const digits = text.replace(/={1,2}$/, "");
  if (!/^[A-Za-z0-9+/_-]*$/.test(digits) || digits.length % 4 === 1) return undefined;
  let bytes = "";
  let buffer = 0;
  let bits = 0;
  for (const digit of digits.replaceAll("-", "+").replaceAll("_", "/")) {
    buffer = ((buffer << 6) | ALPHABET.indexOf(digit)) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += String.fromCharCode((buffer >> bits) & 255);
    }
  }
  return bytes;
}
