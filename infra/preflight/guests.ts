/** The hostnames of guests: which records the owner's rules would bind, and whether they bind those of a guest. */
import { boundHostnames, covers, isPattern, ownerMark, siteHostnames } from "../policy/without-rules.ts";
import { compile, FieldNotGiven, type Fields, fieldsOf, SCHEMA } from "../rules/index.ts";
import type { FoundRecord } from "./as-found.ts";
import type { Obstacle } from "./obstacle.ts";
import { blockedBy, NOTHING, type PreflightFinding, type Search, stackOfMark } from "./place.ts";
import { reading, unlessMissing } from "./reading.ts";

/** Types of the records through which a request can reach the zone's rules. */
const REACHED = new Set(["A", "AAAA", "CNAME"]);
/** Records that one message names. */
const MAX_SHOWN = 5;

/**
 * Of an owner: reads the zone's records. A pattern that covers a record of others is an obstacle, since the rules would
 * bind that site too; a hostname that is named as it is only gives a warning, since its guest may adopt the record.
 * Also where it names no guest: the one that was removed last still has a site.
 */
export async function findGuests({ api, site, account }: Search): Promise<PreflightFinding> {
  const { guests = [] } = site;
  const read = await reading("the DNS records of the zone", "DNS Write", async () => {
    const records: FoundRecord[] = [];
    for await (const record of api.dns.records.list({ zone_id: account.zoneId, per_page: 1000 })) records.push(record);
    return records;
  });
  // where no guest is named, a token that may not read the records is reported by those who need them
  if ("obstacle" in read) return guests.length === 0 ? NOTHING : blockedBy(read.obstacle);
  const strangers = read.value.filter(
    ({ type, name, comment }) =>
      REACHED.has(type) && !siteHostnames(site).includes(name) && comment !== ownerMark(site),
  );
  const isOfStack = ({ comment }: FoundRecord) => stackOfMark(comment) !== undefined;
  const others = strangers.filter((record) => !isOfStack(record));
  return {
    ...NOTHING,
    obstacles: guests.filter(isPattern).flatMap((pattern) => {
      const covered = others.filter(({ name }) => reaches(pattern, name));
      return covered.length === 0 ? [] : [patternTaken(pattern, covered)];
    }),
    warnings: [
      ...others
        .filter(({ name }) => guests.includes(name))
        .map(
          (record) =>
            `\`causeway:guests\` names ${record.name}, which has a record of no stack: ${shown([record])}. The rules ` +
            "of this stack bind it.",
        ),
      ...strangers
        .filter((record) => isOfStack(record) && !boundHostnames(site).some((name) => covers(name, record.name)))
        .map(
          ({ name, comment }) =>
            `${name} is a hostname of the stack ${stackOfMark(comment)}, and \`causeway:guests\` does ` +
            "not name it: no rule binds it.",
        ),
    ],
  };
}

/**
 * Whether hostnames that a pattern covers may lead to the record. A wildcard record serves all names below its domain
 * that have no record of their own (RFC 4592).
 */
function reaches(pattern: string, recordName: string): boolean {
  if (!recordName.startsWith("*.")) return covers(pattern, recordName);
  return pattern.endsWith(recordName.slice(1));
}

const patternTaken = (pattern: string, records: readonly FoundRecord[]): Obstacle => ({
  code: "guest_pattern_taken",
  found: `the pattern ${pattern} of \`causeway:guests\` covers what is of no stack: ${shown(records)}`,
  fix:
    "The rules of this stack would bind that site too: write a narrower pattern, or the hostnames of the guests one " +
    'by one. A record of a guest has the comment "causeway PROJECT/STACK"; where that was edited, `npm run up` of ' +
    "the guest puts it back.",
});

function shown(records: readonly FoundRecord[]): string {
  const first = records.slice(0, MAX_SHOWN).map(({ type, name, id }) => `${type} ${name} (${id})`);
  return `${first.join(", ")}${records.length > MAX_SHOWN ? ` and ${records.length - MAX_SHOWN} more` : ""}`;
}

const FIREWALL = "http_request_firewall_custom";

/** Of a guest: reads the zone's custom rules, which must bind each of its hostnames. */
export async function findOwner({ api, site, account, known }: Search): Promise<PreflightFinding> {
  const read = await reading("the custom rules of the zone", "Zone WAF Read", () =>
    unlessMissing(api.rulesets.phases.get(FIREWALL, { zone_id: account.zoneId })),
  );
  if ("obstacle" in read) return blockedBy(read.obstacle);
  const ruleset = read.value;
  const isOwn = ruleset !== undefined && (ruleset.id === known[FIREWALL] || ruleset.description === ownerMark(site));
  const rules = isOwn ? [] : (ruleset?.rules ?? []);
  const expressions = rules.flatMap(({ expression = "", enabled = true }) => (enabled ? [expression] : []));
  const owner = stackOfMark(ruleset?.description);
  if (expressions.length === 0) {
    return blockedBy({
      code: "guest_without_owner",
      found: `this stack is a guest, and no other stack has custom rules in the zone ${site.zone.name}`,
      fix:
        "Deploy the stack that owns the zone's rules first, with the hostnames of this one in its `causeway:guests`: " +
        `${JSON.stringify(siteHostnames(site))}. Or let this stack own them: \`causeway:role: owner\`.`,
    });
  }
  const unbound = siteHostnames(site).filter(
    (hostname) => !expressions.some((expression) => binds(expression, hostname)),
  );
  if (unbound.length === 0) return NOTHING;
  const where = owner === undefined ? "the stack that owns them" : `the stack ${owner}`;
  return blockedBy({
    code: "guest_not_named",
    found: `the custom rules of the zone ${site.zone.name} do not bind ${unbound.join(", ")}`,
    fix:
      `Add ${JSON.stringify(unbound).slice(1, -1)} to \`causeway:guests\` of ${where}, run \`npm run up -- --stack ` +
      `${owner?.split("/")[1] ?? "NAME"}\` from where its configuration is, then run this again.`,
  });
}

/**
 * Whether a rule is guarded by hostnames, and lets the hostname through its guard however it is spelled. A rule that
 * was made by hand for one spelling alone is not one of the owner's.
 */
function binds(expression: string, hostname: string): boolean {
  const compiled = compile(expression);
  if (!compiled.ok) return false;
  const mayMatch = (host: string) => compiled.read(onlyHost(host)).value !== false;
  return (
    !mayMatch("no-such-host.invalid") &&
    ["", ".", ":8443", ".:8443", `:x.${hostname}`].every((ending) => mayMatch(`${hostname}${ending}`))
  );
}

/** Fields of a request of which nothing but the host is known. */
function onlyHost(host: string): Fields {
  const known = fieldsOf(SCHEMA, { "http.host": host });
  const unknown = (): never => {
    throw new FieldNotGiven("every other field");
  };
  return {
    ...known,
    read: unknown,
    lower: (slot) => (known.values[slot] === undefined ? unknown() : known.lower(slot)),
  };
}
