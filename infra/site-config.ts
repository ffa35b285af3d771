/** Reads what a stack deploys from its configuration. */
import { readAccessKey } from "./access-config.ts";
import { type ConfigProblem, type ConfigValues, StackConfigError } from "./config.ts";
import { isHexId, isHostname, isHostnameOrPattern, isOrigin, isWithin } from "./config-syntax.ts";
import { readAdoption } from "./policy/adoption.ts";
import { siteHostnames } from "./policy/services.ts";
import { type Adoption, ownerMark, type Site } from "./policy/site.ts";
import { zoneSettingProblem } from "./policy/zone-settings.ts";
import { LIST_NAME, PLANS } from "./rules/index.ts";
import { readServices } from "./service-config.ts";

/** Defaults of the optional keys; `Pulumi.yaml` repeats them for the CLI. */
export const DEFAULTS = { origin: "http://127.0.0.1:3000", plan: "auto", role: "owner" } as const;

const KEYS = [
  "access",
  "accountId",
  "adopt",
  "guests",
  "hostnames",
  "origin",
  "plan",
  "role",
  "services",
  "sharedLists",
  "zone",
  "zoneId",
  "zoneSettings",
];
const PLAN_WORDS: readonly string[] = [DEFAULTS.plan, ...PLANS];
/** Characters of a record's comment at Cloudflare; the mark of ownership must fit. */
const MAX_MARK_CHARACTERS = 100;

/** Reads what is to be deployed. Throws `StackConfigError` with all problems at once. */
export function readSite(project: string, stack: string, values: ConfigValues): Site {
  const config = new StackConfig(project, values);
  const zone = config.text("zone", isHostname, 'the name of a zone, such as "example.com"', "required");
  const zoneId = config.text("zoneId", isHexId, "the id of the zone: 32 hex digits");
  const accountId = config.text("accountId", isHexId, "the id of a Cloudflare account: 32 hex digits");
  const origin = config.text(
    "origin",
    isOrigin,
    `where the gateway listens, such as "${DEFAULTS.origin}", without a path`,
  );
  const planWord = config.text("plan", (text) => PLAN_WORDS.includes(text), `one of ${PLAN_WORDS.join(", ")}`);
  const plan = PLANS.find((name) => name === planWord) ?? DEFAULTS.plan;
  const role = config.text("role", (text) => text === "owner" || text === "guest", "owner or guest");
  const hostnames = readHostnames(config, zone);
  const services = readServices(
    jsonOrText(config.value("services"), []),
    { zone, hostnames: hostnames ?? [] },
    (problem) => config.reject(`services${problem.path}`, problem.given, problem.expected),
  );
  const allHostnames = siteHostnames({ hostnames: hostnames ?? [], services });
  const owner = { project, stack, zone: { name: zone ?? "" } };
  const access = readAccessOf(config, { hostnames: allHostnames, services, owner });
  const guests = readGuests(config, zone, allHostnames);
  const zoneSettings = readZoneSettings(config, plan);
  const sharedLists = readSharedLists(config);
  const adopt = readAdopt(config, allHostnames, sharedLists);
  if (role === "guest") refuseOwnersKeys(config, { guests, sharedLists, zoneSettings, adopt });
  refuseUnknownKeys(config);
  refuseLongMark(config, stack);
  if (config.problems.length > 0 || zone === undefined || hostnames === undefined) {
    throw new StackConfigError(config.problems);
  }
  return {
    project,
    stack,
    role: role === "guest" ? "guest" : DEFAULTS.role,
    zone: { name: zone, ...present({ id: zoneId }) },
    hostnames,
    origin: origin ?? DEFAULTS.origin,
    plan,
    zoneSettings,
    ...present({
      access,
      accountId,
      adopt,
      guests: unlessEmpty(guests),
      services: unlessEmpty(services),
      sharedLists: unlessEmpty(sharedLists),
    }),
  };
}

/** The values of one project's keys, and what is wrong with them. */
class StackConfig {
  readonly project: string;
  readonly problems: ConfigProblem[] = [];
  readonly #values: ConfigValues;

  constructor(project: string, values: ConfigValues) {
    this.project = project;
    this.#values = values;
  }

  /** The value as it is written; undefined where it is missing. */
  value(key: string): string | undefined {
    return this.#values[`${this.project}:${key}`];
  }

  /** The keys that the configuration has, without the project's name. */
  keys(): readonly string[] {
    const prefix = `${this.project}:`;
    return Object.keys(this.#values)
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length));
  }

  reject(key: string, given: unknown, expected: string): void {
    this.problems.push({
      key: `${this.project}:${key}`,
      given: given === undefined ? "nothing" : JSON.stringify(given),
      expected,
    });
  }

  /**
   * The value where it is right. Undefined where it is wrong, which is a problem, and where an optional one is missing.
   */
  text(
    key: string,
    accepts: (text: string) => boolean,
    expected: string,
    presence: "required" | "optional" = "optional",
  ): string | undefined {
    const text = this.value(key);
    if (text === undefined && presence === "optional") return undefined;
    if (text !== undefined && accepts(text)) return text;
    this.reject(key, text, expected);
    return undefined;
  }
}

/** The hostnames of the site; undefined where there are none. Each must be inside the zone, where that is known. */
function readHostnames(config: StackConfig, zone: string | undefined): Site["hostnames"] | undefined {
  const hostnames = listOf(config.value("hostnames"));
  const [first, ...more] = hostnames ?? [];
  if (hostnames === undefined || first === undefined) {
    config.reject("hostnames", config.value("hostnames"), 'hostnames of the zone, such as ["chat.example.com"]');
    return undefined;
  }
  for (const name of hostnames) {
    if (!isHostname(name)) {
      config.reject("hostnames", name, "a hostname in lower case, without port or wildcard");
    } else if (zone !== undefined && !isWithin(name, zone)) {
      config.reject("hostnames", name, `a hostname inside the zone ${zone}`);
    }
  }
  if (new Set(hostnames).size < hostnames.length) config.reject("hostnames", hostnames, "each hostname once");
  return [first, ...more];
}

/** What only some reach; undefined where the key is missing, or wrong, which is a problem. */
function readAccessOf(config: StackConfig, beside: Parameters<typeof readAccessKey>[1]): Site["access"] {
  const value = config.value("access");
  if (value === undefined) return undefined;
  return readAccessKey(jsonOrText(value, {}), beside, (problem) =>
    config.reject(`access${problem.path}`, problem.given, problem.expected),
  );
}

/** Hostnames of other stacks in the zone. Empty where there are none, or the value is no list. */
function readGuests(config: StackConfig, zone: string | undefined, hostnames: readonly string[]): readonly string[] {
  const value = config.value("guests");
  const guests = listOf(value ?? "[]");
  if (guests === undefined) {
    config.reject("guests", value, 'hostnames of other stacks, such as ["staging.example.com", "dev-*.example.com"]');
    return [];
  }
  for (const name of guests) {
    if (!isHostnameOrPattern(name)) {
      config.reject(
        "guests",
        name,
        'a hostname in lower case, which may have one * in its first label, such as "dev-*.example.com"',
      );
    } else if (zone !== undefined && !isWithin(name, zone)) {
      config.reject("guests", name, `a hostname inside the zone ${zone}`);
    } else if (hostnames.includes(name)) {
      config.reject("guests", name, "a hostname of another stack: this one is in `hostnames` or `services`");
    }
  }
  if (new Set(guests).size < guests.length) config.reject("guests", guests, "each hostname once");
  return guests;
}

/** A guest deploys a tunnel and records. What else is configured would be ignored, so it is refused. */
function refuseOwnersKeys(
  config: StackConfig,
  {
    guests,
    sharedLists,
    zoneSettings,
    adopt,
  }: {
    readonly guests: readonly string[];
    readonly sharedLists: readonly string[];
    readonly zoneSettings: Site["zoneSettings"];
    readonly adopt: Adoption | undefined;
  },
): void {
  const given = {
    guests: guests.length > 0,
    sharedLists: sharedLists.length > 0,
    zoneSettings: Object.keys(zoneSettings).length > 0,
    "adopt.rulesets": Object.keys(adopt?.rulesets ?? {}).length > 0,
    "adopt.lists": Object.keys(adopt?.lists ?? {}).length > 0,
  };
  for (const [key, isGiven] of Object.entries(given)) {
    if (!isGiven) continue;
    const [name = key] = key.split(".");
    const expected = "nothing: this stack is a guest. Set it in the stack that owns the zone's rules";
    config.reject(key, config.value(name), expected);
  }
}

function readZoneSettings(config: StackConfig, plan: Site["plan"]): Site["zoneSettings"] {
  const settings = objectOf(config.value("zoneSettings"));
  if (settings === undefined) {
    config.reject("zoneSettings", config.value("zoneSettings"), 'settings by id, such as { "always_use_https": "on" }');
    return {};
  }
  for (const [id, value] of Object.entries(settings)) {
    const expected = zoneSettingProblem({ id, value }, plan);
    if (expected !== undefined) config.reject(`zoneSettings.${id}`, value, expected);
  }
  return settings;
}

/** Names of lists that the stack uses and does not write. Empty where there are none, or the value is no list. */
function readSharedLists(config: StackConfig): readonly string[] {
  const expected = 'names of lists without $, such as ["office"]';
  const names = listOf(config.value("sharedLists") ?? "[]");
  if (names === undefined) config.reject("sharedLists", config.value("sharedLists"), expected);
  for (const name of names ?? []) if (!LIST_NAME.test(name)) config.reject("sharedLists", name, expected);
  return names ?? [];
}

/** What existed before and is taken over: records of the site's hostnames, and no list that is shared. */
function readAdopt(
  config: StackConfig,
  hostnames: readonly string[],
  sharedLists: readonly string[],
): Adoption | undefined {
  const text = config.value("adopt");
  if (text === undefined) return undefined;
  const adopt = readAdoption(parse(text), ({ path, given, expected }) => {
    config.reject(path === "" ? "adopt" : `adopt.${path}`, given, expected);
  });
  for (const name of Object.keys(adopt?.records ?? {})) {
    if (!hostnames.includes(name))
      config.reject(`adopt.records.${name}`, name, "one of the hostnames of `hostnames` and `services`");
  }
  for (const name of sharedLists) {
    if (adopt?.lists?.[name] === undefined) continue;
    config.reject(
      `adopt.lists.${name}`,
      name,
      "a list that `sharedLists` does not name: a stack adopts it or shares it",
    );
  }
  return adopt;
}

function refuseUnknownKeys(config: StackConfig): void {
  for (const key of config.keys()) {
    if (!KEYS.includes(key)) config.reject(key, config.value(key), `no such key; there are ${KEYS.join(", ")}`);
  }
}

function refuseLongMark({ project, problems }: StackConfig, stack: string): void {
  const mark = ownerMark({ project, stack });
  if (mark.length <= MAX_MARK_CHARACTERS) return;
  problems.push({
    key: "project and stack",
    given: JSON.stringify(mark),
    expected: `names that make at most ${MAX_MARK_CHARACTERS} characters with it: they mark what is ours`,
  });
}

/** The members that are there. */
function present<T extends object>(members: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>;
  };
}

const unlessEmpty = <T>(list: readonly T[]): readonly T[] | undefined => (list.length === 0 ? undefined : list);

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

/** What a text has as JSON, or itself where it is none; `otherwise` where there is no text. */
const jsonOrText = (text: string | undefined, otherwise: unknown): unknown =>
  text === undefined ? otherwise : (parse(text) ?? text);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
