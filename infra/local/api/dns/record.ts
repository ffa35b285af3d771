/** What makes a DNS record valid, and which records exclude each other. */
import { isIPv4, isIPv6 } from "node:net";
import { invalid } from "../errors.ts";
import {
  type BodyShape,
  flag,
  integer,
  isObject,
  type JsonObject,
  list,
  nullable,
  object,
  oneOf,
  text,
} from "../shape.ts";
import type { DnsRecord } from "../state.ts";
import { isHostname } from "./hostname.ts";
import { type DataType, dataTypes, isDataType } from "./record-data.ts";

/** The types that the API on localhost takes; others are refused by name and not half understood. */
const plainTypes = ["A", "AAAA", "CNAME", "TXT", "MX", "NS"] as const;
type RecordType = (typeof plainTypes)[number] | DataType;

/** Types that Cloudflare can proxy. */
const proxiableTypes: readonly string[] = ["A", "AAAA", "CNAME"];

export interface RecordInput {
  readonly name: string;
  readonly type: RecordType;
  readonly content: string;
  readonly ttl?: number;
  readonly proxied?: boolean;
  readonly priority?: number;
  readonly data?: JsonObject;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly comment?: string | null;
  readonly tags?: readonly string[];
}

const type = oneOf(...plainTypes, ...Object.keys(dataTypes));
const common = {
  type,
  name: text({ min: 1, max: 255 }),
  ttl: (value: unknown, pointer: string) => (value === 1 ? undefined : integer(60, 86_400)(value, pointer)),
  proxied: flag,
  priority: integer(0, 65_535),
  settings: object({ flatten_cname: flag, ipv4_only: flag, ipv6_only: flag }),
  comment: nullable(text({ max: 500 })),
  tags: list(text({ min: 1, max: 100 }), 20),
} as const;
const content = text({ min: 1, max: 4096 });

/**
 * A record's body. Its type decides whether it has a content or data. A PATCH may name some of the fields only; a new
 * type needs a new content.
 */
export function recordShape(before: DnsRecord | undefined): BodyShape {
  return (value, pointer) => {
    const recordType = (isObject(value) ? value.type : undefined) ?? before?.type;
    const data = isDataType(recordType) ? dataTypes[recordType].shape : undefined;
    const required = recordType === before?.type ? "" : "*";
    const shape = object({
      ...common,
      ...(before ? {} : { "type*": type, "name*": common.name }),
      ...(data ? { [`data${required}`]: data } : { [`content${required}`]: content }),
    });
    return shape(value, pointer);
  };
}

/**
 * The fully qualified name: `@` is the apex, and a name outside the zone is taken as one relative to it, as Cloudflare
 * does.
 */
export function recordName(given: string, zone: string): string {
  const name = given.toLowerCase().replace(/\.$/, "");
  const full = name === "@" ? zone : name === zone || name.endsWith(`.${zone}`) ? name : `${name}.${zone}`;
  const labels = full.split(".");
  const valid = labels.every(
    (label, index) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/.test(label) || (label === "*" && index === 0),
  );
  if (full.length > 253 || !valid) throw invalid(9000, "DNS name is invalid.", "/name");
  return full;
}

/** The content and data as stored, and whether it may be proxied. @throws 9004 to 9101 with the field that is wrong */
export function recordContent(input: RecordInput): { content: string; data?: JsonObject; proxiable: boolean } {
  const { type } = input;
  const proxiable = proxiableTypes.includes(type);
  if (input.proxied && !proxiable) throw invalid(9004, "This record type cannot be proxied.", "/proxied");
  if (type === "MX" && input.priority === undefined) throw invalid(9100, "priority is a required field.", "/priority");
  if (isDataType(type)) return { ...dataTypes[type].read(input.data ?? {}), proxiable };
  const name = input.content.toLowerCase().replace(/\.$/, "");
  switch (type) {
    case "A":
      if (!isIPv4(input.content)) throw invalid(9005, "Content for A record must be a valid IPv4 address.", "/content");
      return { content: input.content, proxiable };
    case "AAAA":
      // with a zone (`fe80::1%eth0`) it is an address of one machine
      if (!isIPv6(input.content) || input.content.includes("%"))
        throw invalid(9006, "Content for AAAA record must be a valid IPv6 address.", "/content");
      return { content: canonicalIPv6(input.content), proxiable };
    case "CNAME":
    case "MX":
    case "NS":
      if (!isHostname(name)) {
        throw invalid(type === "CNAME" ? 9007 : 9009, `Content for ${type} record is invalid.`, "/content");
      }
      return { content: name, proxiable };
    case "TXT":
      return { content: input.content, proxiable };
  }
}

/**
 * The one text of an address that RFC 5952 allows: lower case, without leading zeros, the longest run of zeros left
 * out.
 */
function canonicalIPv6(address: string): string {
  // the URL standard serializes like RFC 5952, apart from addresses with an IPv4 part
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text) ?? [];
  if (high === undefined || low === undefined) return text;
  const [one, other] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return `::ffff:${one >> 8}.${one & 255}.${other >> 8}.${other & 255}`;
}

/** A name has either one CNAME or addresses, and no record twice. @throws 81053, 81054 or 81058 */
export function assertNoConflict(record: DnsRecord, others: readonly DnsRecord[]): void {
  for (const other of others) {
    if (other.id === record.id || other.name !== record.name) continue;
    if (other.type === record.type && other.content === record.content && other.priority === record.priority) {
      throw invalid(81058, "An identical record already exists.");
    }
    if (record.type === "CNAME" && proxiableTypes.includes(other.type)) {
      throw invalid(81053, "An A, AAAA, or CNAME record with that host already exists.");
    }
    if (other.type === "CNAME" && proxiableTypes.includes(record.type)) {
      throw invalid(81054, "A CNAME record with that host already exists.");
    }
  }
}
