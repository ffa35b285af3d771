import { isIP } from "node:net";
import { readAdoption } from "./policy/adoption.ts";
import { ownerMark, type Site } from "./policy/site.ts";
import { zoneSettingProblem } from "./policy/zone-settings.ts";
import { LIST_NAME, PLANS } from "./rules/index.ts";

/** One wrong or missing configuration value. */
export interface ConfigProblem {
  /** Full key, e.g. `causeway:hostnames`. */
  readonly key: string;
  /** The value that was given; `nothing` where it is missing. */
  readonly given: string;
  readonly expected: string;
}

/** The stack's configuration is wrong; the message lists every problem with what to set. Code `CONFIG_INVALID`. */
export class StackConfigError extends Error {
  readonly code = "CONFIG_INVALID";
  /** Pulumi prints such an error without its stack: the program is not at fault. */
  readonly __pulumiRunError = true;
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ key, given, expected }) => `  ${key}: got ${given}, expected ${expected}`);
    super(`The configuration of this stack is not complete and right:\n${lines.join("\n")}`);
    this.name = "StackConfigError";
    this.problems = problems;
  }
}

/** All configuration of a run, secrets decrypted, by full key: what `pulumi.runtime.allConfig()` returns. */
export type ConfigValues = Readonly<Record<string, string>>;

/** Defaults of the optional keys; `Pulumi.yaml` repeats them for the CLI. */
export const DEFAULTS = { origin: "http://127.0.0.1:3000", plan: "auto" } as const;

const KEYS = ["accountId", "adopt", "hostnames", "origin", "plan", "sharedLists", "zone", "zoneId", "zoneSettings"];
const PLAN_WORDS: readonly string[] = [DEFAULTS.plan, ...PLANS];
/** Cloudflare takes comments of 100 characters on records; the mark of ownership must fit. */
const LONGEST_MARK = 100;

/** Reads what is to be deployed. Throws `StackConfigError` with all problems at once. */
export function readSite(project: string, stack: string, values: ConfigValues): Site {
  const problems: ConfigProblem[] = [];
  const full = (key: string) => `${project}:${key}`;
  const reject = (key: string, given: unknown, expected: string) =>
    problems.push({ key: full(key), given: given === undefined ? "nothing" : JSON.stringify(given), expected });

  /**
   * The value where it is right; a problem and undefined where it is wrong; undefined where an optional one is
   * missing.
   */
  const read = (key: string, accepts: (text: string) => boolean, expected: string, required = false) => {
    const text = values[full(key)];
    if (text === undefined && !required) return undefined;
    if (text !== undefined && accepts(text)) return text;
    reject(key, text, expected);
    return undefined;
  };

  const zoneName = read("zone", isHostname, 'the name of a zone, such as "example.com"', true);
  const zoneId = read("zoneId", isHexId, "the id of the zone: 32 hex digits");
  const accountId = read("accountId", isHexId, "the id of a Cloudflare account: 32 hex digits");
  const origin = read("origin", isOrigin, `where the gateway listens, such as "${DEFAULTS.origin}", without a path`);
  const plan = read("plan", (text) => PLAN_WORDS.includes(text), `one of ${PLAN_WORDS.join(", ")}`);

  const hostnames = listOf(values[full("hostnames")]);
  const [hostname, ...more] = hostnames ?? [];
  if (hostnames === undefined || hostname === undefined) {
    reject("hostnames", values[full("hostnames")], 'hostnames of the zone, such as ["chat.example.com"]');
  } else {
    for (const name of hostnames) {
      if (!isHostname(name)) reject("hostnames", name, "a hostname in lower case, without port or wildcard");
      else if (zoneName !== undefined && !isWithin(name, zoneName)) {
        reject("hostnames", name, `a hostname inside the zone ${zoneName}`);
      }
    }
    if (new Set(hostnames).size < hostnames.length) reject("hostnames", hostnames, "each hostname once");
  }

  const zoneSettings = objectOf(values[full("zoneSettings")]);
  if (zoneSettings === undefined) {
    reject("zoneSettings", values[full("zoneSettings")], 'settings by id, such as { "always_use_https": "on" }');
  }
  for (const [id, value] of Object.entries(zoneSettings ?? {})) {
    const expected = zoneSettingProblem({ id, value }, PLANS.find((name) => name === plan) ?? DEFAULTS.plan);
    if (expected !== undefined) reject(`zoneSettings.${id}`, value, expected);
  }

  const sharedLists = listOf(values[full("sharedLists")] ?? "[]");
  for (const name of sharedLists ?? [undefined]) {
    if (name === undefined || !LIST_NAME.test(name)) {
      reject("sharedLists", name ?? values[full("sharedLists")], 'names of lists without $, such as ["office"]');
    }
  }

  const adoptText = values[full("adopt")];
  const adopt =
    adoptText === undefined
      ? undefined
      : readAdoption(parse(adoptText), ({ path, given, expected }) => {
          reject(path === "" ? "adopt" : `adopt.${path}`, given, expected);
        });
  for (const name of Object.keys(adopt?.records ?? {})) {
    if (!hostnames?.includes(name)) reject(`adopt.records.${name}`, name, "one of the hostnames");
  }

  for (const name of sharedLists ?? []) {
    if (adopt?.lists?.[name] === undefined) continue;
    reject(`adopt.lists.${name}`, name, "a list that `sharedLists` does not name: a stack adopts it or shares it");
  }
  for (const key of Object.keys(values)) {
    const own = key.startsWith(`${project}:`) ? key.slice(project.length + 1) : undefined;
    if (own !== undefined && !KEYS.includes(own)) reject(own, values[key], `no such key; there are ${KEYS.join(", ")}`);
  }
  const mark = ownerMark({ project, stack });
  if (mark.length > LONGEST_MARK) {
    problems.push({
      key: "project and stack",
      given: JSON.stringify(mark),
      expected: `names that make at most ${LONGEST_MARK} characters with it: they mark what is ours`,
    });
  }
  if (problems.length > 0 || zoneName === undefined || hostname === undefined || zoneSettings === undefined) {
    throw new StackConfigError(problems);
  }
  return {
    project,
    stack,
    ...(accountId === undefined ? {} : { accountId }),
    zone: { name: zoneName, ...(zoneId === undefined ? {} : { id: zoneId }) },
    hostnames: [hostname, ...more],
    origin: origin ?? DEFAULTS.origin,
    plan: PLANS.find((name) => name === plan) ?? DEFAULTS.plan,
    zoneSettings,
    ...(sharedLists === undefined || sharedLists.length === 0 ? {} : { sharedLists }),
    ...(adopt === undefined ? {} : { adopt }),
  };
}

/** How the program itself reaches Cloudflare's API, by the same keys and variables as the provider. */
export interface ApiCredentials {
  readonly apiToken: string;
  readonly baseURL: string | undefined;
}

/** Reads the token and the address of the API. Throws `StackConfigError` where there is no token; never quotes one. */
export function readAccess(values: ConfigValues, env: Readonly<Record<string, string | undefined>>): ApiCredentials {
  const apiToken = values["cloudflare:apiToken"] ?? env.CLOUDFLARE_API_TOKEN;
  if (apiToken === undefined || apiToken === "") {
    throw new StackConfigError([
      {
        key: "cloudflare:apiToken",
        given: "nothing",
        expected:
          "an API token: `pulumi config set --secret cloudflare:apiToken`, or the environment variable " +
          "CLOUDFLARE_API_TOKEN",
      },
    ]);
  }
  return { apiToken, baseURL: values["cloudflare:baseUrl"] ?? env.CLOUDFLARE_BASE_URL };
}

/**
 * What a run of the program is for. Pulumi runs it for `refresh --run-program` and `destroy --run-program` too, so
 * that the provider gets the current configuration; the program cannot see that from Pulumi.
 */
export type Purpose = "deploy" | "refresh" | "destroy";

/** Environment variable with the purpose of the run; without it: `deploy`. */
export const PURPOSE = "CAUSEWAY_PURPOSE";

/** Reads the purpose. Throws `StackConfigError` where it is none. */
export function readPurpose(env: Readonly<Record<string, string | undefined>>): Purpose {
  const given = env[PURPOSE] ?? "deploy";
  if (given === "deploy" || given === "refresh" || given === "destroy") return given;
  throw new StackConfigError([{ key: PURPOSE, given: JSON.stringify(given), expected: "deploy, refresh or destroy" }]);
}

/** Refuses a run that would write for the purpose of one that reads. Throws `StackConfigError`. */
export function assertReadsOnly(purpose: Purpose, isDryRun: boolean): void {
  if (purpose === "deploy" || isDryRun) return;
  throw new StackConfigError([
    {
      key: PURPOSE,
      given: JSON.stringify(purpose),
      expected:
        "no such variable in a run that deploys: nothing was checked or changed. Take it out of the environment",
    },
  ]);
}

/** Environment variable that deploys, for one run, what examples and stories do not prove. */
const UNPROVED = "CAUSEWAY_UNPROVED";

/**
 * Whether what is not proved is deployed all the same. Throws `StackConfigError` where the value is neither yes nor
 * absent.
 */
export function readUnproved(env: Readonly<Record<string, string | undefined>>): boolean {
  const given = env[UNPROVED];
  if (given === undefined || given === "yes") return given === "yes";
  throw new StackConfigError([{ key: UNPROVED, given: JSON.stringify(given), expected: "yes, or no such variable" }]);
}

/** The last lines of a run that deploys rules whose proof failed; none where all are proved. */
export const unprovedLines = (failures: readonly string[]): readonly string[] =>
  failures.length === 0
    ? []
    : [`${UNPROVED}=yes: this run deploys what neither example nor story proves:`, ...failures];

const isHexId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);

/** Letters, digits and hyphens, at least two labels (RFC 1123); an underscore may start a label, as DNS allows. */
const isHostname = (text: string): boolean =>
  text.length <= 253 && /^(?:[a-z0-9_](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/.test(text);

const isWithin = (hostname: string, zone: string): boolean => hostname === zone || hostname.endsWith(`.${zone}`);

/** What cloudflared takes as an HTTP service: scheme, host and port; a path is refused there. */
function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    (url.protocol === "http:" || url.protocol === "https:") &&
    url.pathname === "/" &&
    `${url.search}${url.hash}${url.username}${url.password}` === "" &&
    !text.endsWith("/") &&
    (isIP(url.hostname.replace(/^\[|\]$/g, "")) > 0 || /^[a-z0-9.-]+$/.test(url.hostname))
  );
}

/**
 * A list as YAML or `--path` writes it (JSON), or the one text that `pulumi config set` leaves; undefined where it is
 * neither.
 */
function listOf(text: string | undefined): readonly string[] | undefined {
  if (text === undefined || text === "") return undefined;
  const value = parse(text);
  if (value === undefined) return text.split(/[\s,]+/).filter((item) => item !== "");
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
}

/** Nothing means no members; undefined where the text is no object. */
function objectOf(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return {};
  const value = parse(text);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
