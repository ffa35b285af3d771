/**
 * The filters of `GET /dns_records`
 * (https://developers.cloudflare.com/api/resources/dns/subresources/records/methods/list/).
 */
import type { DnsRecord } from "../state.ts";

const comparisons: Readonly<Record<string, (value: string, wanted: string) => boolean>> = {
  exact: (value, wanted) => value === wanted,
  contains: (value, wanted) => value.includes(wanted),
  startswith: (value, wanted) => value.startsWith(wanted),
  endswith: (value, wanted) => value.endsWith(wanted),
};

/** Filters join with `match` (all by default); order and direction apply afterwards. */
export function selectRecords(records: readonly DnsRecord[], query: URLSearchParams): DnsRecord[] {
  const tests: ((record: DnsRecord) => boolean)[] = [];
  for (const [key, value] of query) {
    const test = testOf(key, value);
    if (test) tests.push(test);
  }
  const any = query.get("match") === "any" && tests.length > 0;
  const found = records.filter((record) =>
    any ? tests.some((test) => test(record)) : tests.every((test) => test(record)),
  );
  const order = query.get("order");
  if (order === "type" || order === "name" || order === "content" || order === "ttl" || order === "proxied") {
    found.sort((one, other) => String(one[order]).localeCompare(String(other[order]), "en", { numeric: true }));
    if (query.get("direction") === "desc") found.reverse();
  }
  return found;
}

function testOf(key: string, value: string): ((record: DnsRecord) => boolean) | undefined {
  const wanted = value.toLowerCase();
  const [field, comparison = "exact"] = key.split(".");
  switch (field) {
    case "name":
    case "content": {
      const compare = comparisons[comparison];
      return compare && ((record) => compare(record[field].toLowerCase(), wanted));
    }
    case "comment": {
      if (comparison === "present") return (record) => record.comment !== null;
      if (comparison === "absent") return (record) => record.comment === null;
      const compare = comparisons[comparison];
      return compare && ((record) => compare((record.comment ?? "").toLowerCase(), wanted));
    }
    case "type":
      return (record) => record.type === value.toUpperCase();
    case "proxied":
      return (record) => String(record.proxied) === wanted;
    case "search":
      return (record) =>
        [record.name, record.content, record.comment ?? ""].some((text) => text.toLowerCase().includes(wanted));
    default:
      return undefined;
  }
}
