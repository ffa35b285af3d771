/** One item of a custom list, in the form in which Cloudflare's API keeps it. */
import { mask, parseIp, printIp } from "../language/ip-address.ts";
import { LIST_PREFIXES, type ListKind } from "../schema/lists.ts";

/** An item as the API keeps it, or why it cannot be one. */
export type ListItemReading =
  | { readonly ok: true; readonly item: string | number }
  | {
      readonly ok: false;
      /** In a sentence that begins with the item. */
      readonly message: string;
      readonly hint?: string;
    };

/**
 * Reads an item: an address or a network without host bits; a hostname, `*.` in front for all names below it; the
 * number of an autonomous system. Addresses are compressed (RFC 5952) and lose a `/32` or `/128`, names become
 * lower-case (https://developers.cloudflare.com/waf/tools/lists/custom-lists/).
 */
export function readListItem(kind: ListKind, value: string | number): ListItemReading {
  const text = String(value);
  if (kind === "ip") return readNetwork(text);
  if (kind === "hostname") return readHostname(text);
  return /^[0-9]{1,10}$/.test(text) && Number(text) <= 0xffffffff
    ? { ok: true, item: Number(text) }
    : wrong(text, "is not the number of an autonomous system: expected 0 to 4294967295");
}

function readNetwork(text: string): ListItemReading {
  const [, address = "", bits] = /^([^/]+)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  const ip = parseIp(address);
  if (ip === undefined) return wrong(text, "is not an address or a network such as 203.0.113.0/24 or 2001:db8::/32");
  const isMapped = typeof ip !== "number" && ip[0] === 0 && ip[1] === 0 && ip[2] === 0xffff;
  if (isMapped && (bits === undefined || Number(bits) >= 96)) {
    const plain = `${printIp(ip[3])}${bits === undefined ? "" : `/${Number(bits) - 96}`}`;
    return wrong(text, "is a version 4 address written as version 6, which no visitor has", `write ${plain}`);
  }
  const { min, max } = LIST_PREFIXES[typeof ip === "number" ? 4 : 6];
  const length = bits === undefined ? max : Number(bits);
  if (length < min || length > max) return wrong(text, `has a prefix of ${length} bits: expected ${min} to ${max}`);
  const network = mask(ip, length);
  const kept = length === max ? printIp(network) : `${printIp(network)}/${length}`;
  return printIp(network) === printIp(ip)
    ? { ok: true, item: kept }
    : wrong(
        text,
        "has bits set after its prefix",
        `write ${kept} for the network, or ${printIp(ip)} for the one address`,
      );
}

const HOSTNAME = /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}$/;

function readHostname(text: string): ListItemReading {
  const name = text.toLowerCase();
  return HOSTNAME.test(name) && name.length <= 253
    ? { ok: true, item: name }
    : wrong(text, "is not a hostname such as www.example.com or *.example.com");
}

const wrong = (text: string, what: string, hint?: string): ListItemReading => ({
  ok: false,
  message: `${JSON.stringify(text.slice(0, 100))} ${what}`,
  ...(hint === undefined ? {} : { hint }),
});
