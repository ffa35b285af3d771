import { adoptionOf, ownerMark } from "../policy/without-rules.ts";
import { TUNNEL } from "../resources/compile.ts";
import { type FoundRecord, keptAsFound, recordAsFound } from "./as-found.ts";
import type { Obstacle } from "./obstacle.ts";
import {
  adoptedMissing,
  adoptionRemoved,
  blockedBy,
  importing,
  NOTHING,
  otherStack,
  type PreflightFinding,
  replacedElsewhere,
  type Search,
  stackOfMark,
  wasAdopted,
} from "./place.ts";
import { reading } from "./reading.ts";

/** Types that cannot exist beside a CNAME of the same name at Cloudflare (81053, 81054). */
const EXCLUSIVE = new Set(["A", "AAAA", "CNAME", "NS"]);

/** Looks at the records of a hostname. */
export async function findRecord(search: Search, hostname: string): Promise<PreflightFinding> {
  const { api, site, known } = search;
  const { zoneId } = search.account;
  const read = await reading(`the DNS records of ${hostname}`, "DNS Write", async () => {
    return (await api.dns.records.list({ zone_id: zoneId, name: { exact: hostname } })).result;
  });
  if ("obstacle" in read) return blockedBy(read.obstacle);
  const records: readonly FoundRecord[] = read.value.filter(({ type }) => EXCLUSIVE.has(type));
  const knownId = known[hostname];
  const adopted = adoptionOf(site).records[hostname];
  const adoptedRecord = records.find(({ id }) => id === adopted);
  const found = adoptedRecord && recordAsFound(zoneId, adoptedRecord, { mark: ownerMark(site), tunnel: known[TUNNEL] });
  const asFound = adopted === undefined ? {} : keptAsFound(hostname, found);
  const own = records.find(({ id }) => id === knownId);
  if (own !== undefined && adopted === undefined && wasAdopted(search, hostname)) {
    return blockedBy(adoptionRemoved(`the record of ${hostname}`, { records: { [hostname]: own.id } }));
  }
  if (own !== undefined) return { ...NOTHING, ...tagsOf(hostname, own), tunnels: tunnelsOf(own), asFound };
  if (knownId !== undefined && records.length > 0) {
    return blockedBy(
      ...records.map((record) => replacedElsewhere(hostname, `the record ${knownId}`, `the record ${shown(record)}`)),
    );
  }
  if (adopted !== undefined) {
    return adoptedRecord?.type === "CNAME"
      ? { ...importing(hostname, `${zoneId}/${adopted}`), ...tagsOf(hostname, adoptedRecord), asFound }
      : adoptedMissing(`CNAME record ${adopted} of ${hostname}`);
  }
  const marked = records.find(({ type, comment }) => type === "CNAME" && comment === ownerMark(site));
  if (marked !== undefined) {
    const reclaimed = importing(hostname, `${zoneId}/${marked.id}`);
    return { ...reclaimed, ...tagsOf(hostname, marked), tunnels: tunnelsOf(marked) };
  }
  return blockedBy(...records.map((record) => taken(hostname, record)));
}

function taken(hostname: string, record: FoundRecord): Obstacle {
  const stack = stackOfMark(record.comment);
  if (stack !== undefined) return otherStack(stack, `the record of ${hostname}: ${shown(record)}`);
  const note = record.comment ? `, "${record.comment}"` : "";
  const found = `${hostname} has a record already: ${shown(record)}${note}`;
  if (record.type === "CNAME") {
    return {
      code: "record_taken",
      found,
      fix: "Take it over, or delete it, or choose another hostname.",
      adopt: { records: { [hostname]: record.id } },
    };
  }
  return {
    code: "record_taken",
    found,
    fix:
      record.type === "NS"
        ? "The name is delegated to other name servers, so that no record beside it counts: choose another hostname."
        : `A record of the type ${record.type} cannot be taken over, since the stack needs a CNAME in its place: ` +
          `delete it right before \`npm run up\`, which makes the new one, or choose another hostname.`,
  };
}

const shown = ({ id, type, content }: FoundRecord): string => `${type} ${content ?? ""} (${id})`;

/** Tags that the record has, so that they become inputs: the provider drops tags that are none (P6). */
function tagsOf(hostname: string, { tags = [] }: FoundRecord): Pick<PreflightFinding, "tags"> {
  return tags.length === 0 ? {} : { tags: { [hostname]: tags } };
}

/** The tunnel that a record leads to, if it leads to one. */
function tunnelsOf({ content }: FoundRecord): readonly string[] {
  const id = /^([0-9a-f-]{36})\.cfargotunnel\.com$/.exec(content ?? "")?.[1];
  return id === undefined ? [] : [id];
}
