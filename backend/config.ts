import { isIP } from "node:net";
import { resolve } from "node:path";
import { isTeamName } from "./assertions/index.ts";
import type { MailServer } from "./mail/smtp.ts";
import { type NatsConfig, readNats } from "./nodes/nats-config.ts";
import { type Environment, withSecretFiles } from "./secret-files.ts";
import { checkEmailAddress } from "./text/email.ts";

/** The configuration of the backend. Nothing else reads the environment. */
export interface Config {
  /** Address to listen on. */
  readonly host: string;
  /** Port of the gateway; 0 takes a free one. */
  readonly port: number;
  /**
   * Port for health and metrics on the same address, never routed to the outside; 0 takes a free one, undefined opens
   * none.
   */
  readonly internalPort: number | undefined;
  /** Folder for the embedded database, keys and the outbox. */
  readonly dataDir: string;
  /** URL of PostgreSQL; undefined for the embedded database. */
  readonly databaseUrl: string | undefined;
  /** Features that were removed from the program and whose tables stay in the database. */
  readonly unusedFeatures: readonly string[];
  /** How other nodes are reached; undefined where this is the only node. */
  readonly nats: NatsConfig | undefined;
  /** Id of this node; a random one when undefined. */
  readonly nodeId: string | undefined;
  /**
   * Origins (RFC 6454 serialization) whose pages may use cookies and sockets. Empty: the gateway's own address on this
   * machine.
   */
  readonly origins: readonly string[];
  /** The mail server, and the sender's address; where undefined, mails are written into the data folder. */
  readonly mail: { readonly server: MailServer; readonly from: string } | undefined;
  /** Whether every client may register; when closed only the first administrator may, by the setup link. */
  readonly registration: Registration;
  /** Which messages are kept; undefined limits keep all. */
  readonly retention: { readonly maxAge: number | undefined; readonly perRoom: number | undefined };
  /** Maximum bytes of one user's messages. */
  readonly quota: number;
  /** Secrets of webhook senders, by the name in the entry; a sender has several while its secret is being changed. */
  readonly webhookSecrets: ReadonlyMap<string, readonly string[]>;
  /** Networks besides the loopback whose `CF-Connecting-IP` is trusted, in CIDR notation. */
  readonly trustedPeers: readonly string[];
  /** The application of Cloudflare Access through which administrators must come; undefined where there is none. */
  readonly access: AccessConfig | undefined;
  readonly logLevel: LogLevel;
  /** Share of the successful requests that are logged, 0 to 1; refused ones are logged by `RefusalLog`. */
  readonly logSample: number;
  /** Milliseconds within which open requests have to finish when the backend stops. */
  readonly drainTimeMs: number;
}

/** An application of Cloudflare Access. */
export interface AccessConfig {
  /** `TEAM` of `TEAM.cloudflareaccess.com`. */
  readonly team: string;
  /** The audience tags of the applications; an assertion for one of them is accepted. */
  readonly audiences: readonly string[];
  /** Where the team's certificates are; Cloudflare's path when undefined. */
  readonly certificates: URL | undefined;
}

/** Default quota in megabytes: half a million short messages. */
const QUOTA_MB = 100;

const REGISTRATIONS = ["open", "closed"] as const;
export type Registration = (typeof REGISTRATIONS)[number];

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "silent"] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

/** The environment is not usable; the message names every problem at once. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(`The environment is not usable:\n${problems.map((line) => `  - ${line}`).join("\n")}`);
    this.name = "ConfigError";
  }
}

/** Reads and parses a variable; `absent` where it is not set. A value that cannot be parsed adds a problem. */
type ReadVariable = <T>(name: string, absent: T, parse: (value: string) => T | undefined, expected: string) => T;

/**
 * Reads the configuration. Throws a ConfigError that lists all problems and never a value that may hold a password.
 */
export function readConfig(given: Environment): Config {
  const problems: string[] = [];
  const env = withSecretFiles(given, problems);
  const readText = (name: string) => env[name]?.trim() || undefined;
  const read: ReadVariable = (name, absent, parse, expected) => {
    const value = readText(name);
    if (value === undefined) return absent;
    const parsed = parse(value);
    if (parsed === undefined)
      problems.push(
        `${name} must be ${expected}${mayHoldPassword(name, value) ? "" : `, not ${quoteShortened(value)}`}.`,
      );
    return parsed ?? absent;
  };

  const config: Config = {
    host: read("HOST", "127.0.0.1", parseAddress, "an IP address, for example 127.0.0.1"),
    port: read("PORT", 3000, integerParser(0, 65_535), "a port: 0 to 65535"),
    internalPort: read<number | undefined>("INTERNAL_PORT", undefined, integerParser(0, 65_535), "a port: 0 to 65535"),
    dataDir: resolve(readText("DATA_DIR") ?? ".data"),
    databaseUrl: read<string | undefined>(
      "DATABASE_URL",
      undefined,
      urlParser("postgres:", "postgresql:"),
      "a URL like postgres://user:password@host:5432/database",
    ),
    unusedFeatures: read("UNUSED_FEATURES", [], listParser(parseFeatureName), "names of features divided by commas"),
    nats: readNats(readText, problems),
    nodeId: read<string | undefined>(
      "NODE_ID",
      undefined,
      parseNodeName,
      "1 to 64 letters, digits, hyphens or underscores",
    ),
    origins: read(
      "ORIGINS",
      [],
      listParser(parseOrigin),
      "origins divided by commas, for example https://chat.example.com",
    ),
    mail: readMail(read, readText, problems),
    registration: read(
      "REGISTRATION",
      "open",
      (value) => REGISTRATIONS.find((known) => known === value),
      `one of ${REGISTRATIONS.join(", ")}`,
    ),
    retention: {
      maxAge: read<number | undefined>("MESSAGE_DAYS", undefined, parseDays, "days: 1 to 36500"),
      perRoom: read<number | undefined>(
        "MESSAGES_PER_ROOM",
        undefined,
        integerParser(1, 999_999_999),
        "a number from 1 on",
      ),
    },
    quota: read("USER_QUOTA_MB", QUOTA_MB, integerParser(1, 1_000_000), "megabytes: 1 to 1000000") * 1_000_000,
    webhookSecrets: readWebhookSecrets(env, problems),
    trustedPeers: read(
      "TRUSTED_PEERS",
      [],
      listParser(parseNetwork),
      "networks divided by commas, for example 172.16.0.0/12",
    ),
    access: readAccess(read, readText, problems),
    logLevel: read(
      "LOG_LEVEL",
      "info",
      (value) => LOG_LEVELS.find((level) => level === value),
      `one of ${LOG_LEVELS.join(", ")}`,
    ),
    logSample: read("LOG_SAMPLE", 1, parseShare, "a share: 0 to 1"),
    drainTimeMs: read("DRAIN_SECONDS", 10, integerParser(0, 600), "seconds: 0 to 600") * 1000,
  };
  if (config.internalPort !== undefined && config.internalPort !== 0 && config.internalPort === config.port) {
    problems.push("INTERNAL_PORT must differ from PORT: the tunnel would make it public.");
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Whether a value must not be shown: URLs have passwords, and a value with an @ may be a URL in the wrong variable. */
const mayHoldPassword = (name: string, value: string): boolean => name.endsWith("_URL") || value.includes("@");

/** Reads `MAIL_URL` and `MAIL_FROM`; undefined without `MAIL_URL`, which needs the other and `ORIGINS`. */
function readMail(
  read: ReadVariable,
  readText: (name: string) => string | undefined,
  problems: string[],
): Config["mail"] {
  const server = read<MailServer | undefined>(
    "MAIL_URL",
    undefined,
    parseMailServer,
    "a URL like smtp://user:password@host:587 or smtps://host, with ?tls=off for a server without TLS in a network " +
      "of yours",
  );
  const from = read<string | undefined>(
    "MAIL_FROM",
    undefined,
    parseSender,
    "an e-mail address, for example chat@example.com",
  );
  if (readText("MAIL_URL") !== undefined) {
    if (readText("MAIL_FROM") === undefined)
      problems.push("MAIL_FROM must be set with MAIL_URL: the address mails come from.");
    if (readText("ORIGINS") === undefined)
      problems.push("ORIGINS must be set with MAIL_URL: links in mails lead to the first.");
  }
  return server && from ? { server, from } : undefined;
}

/** Reads `ACCESS_TEAM`, `ACCESS_AUDIENCE` and `ACCESS_CERTIFICATES`: the first two go together, the third with them. */
function readAccess(
  read: ReadVariable,
  readText: (name: string) => string | undefined,
  problems: string[],
): Config["access"] {
  const team = read<string | undefined>(
    "ACCESS_TEAM",
    undefined,
    (value) => (isTeamName(value) ? value : undefined),
    'the name of a team: "example" where it is example.cloudflareaccess.com',
  );
  const audiences = read<readonly string[]>(
    "ACCESS_AUDIENCE",
    [],
    listParser((value) => (/^[0-9a-f]{64}$/.test(value) ? value : undefined)),
    "audience tags of applications, divided by commas: 64 hex digits each",
  );
  const certificates = read<URL | undefined>(
    "ACCESS_CERTIFICATES",
    undefined,
    parseCertificatesUrl,
    "a URL with https, or with http where it is on this machine",
  );
  const [hasTeam, hasAudience, hasCertificates] = ["ACCESS_TEAM", "ACCESS_AUDIENCE", "ACCESS_CERTIFICATES"].map(
    (name) => readText(name) !== undefined,
  );
  if (hasTeam !== hasAudience) {
    problems.push(
      "ACCESS_TEAM and ACCESS_AUDIENCE must be set together: whose assertions administrators need, and for which " +
        "application.",
    );
  } else if (hasCertificates && !hasTeam) {
    problems.push("ACCESS_CERTIFICATES must be set with ACCESS_TEAM and ACCESS_AUDIENCE.");
  }
  return team === undefined ? undefined : { team, audiences, certificates };
}

function parseCertificatesUrl(value: string): URL | undefined {
  const url = URL.parse(value);
  if (url === null || url.username !== "" || url.password !== "") return undefined;
  return url.protocol === "https:" || (url.protocol === "http:" && isThisMachine(url.hostname)) ? url : undefined;
}

/** Whether a host of a URL is this machine: `localhost`, or a loopback address. */
const isThisMachine = (host: string): boolean =>
  ["localhost", "::1", "[::1]"].includes(host) || /^127\.\d+\.\d+\.\d+$/.test(host);

const WEBHOOK_SECRET_PREFIX = "WEBHOOK_SECRET_";
/** Minimum length of a secret: shorter ones can be guessed. */
const MIN_SECRET_LENGTH = 16;

function readWebhookSecrets(env: Environment, problems: string[]): ReadonlyMap<string, readonly string[]> {
  const named = Object.keys(env).filter((name) => name.startsWith(WEBHOOK_SECRET_PREFIX) && env[name]?.trim());
  return new Map(
    named.map((name) => {
      const secrets = (env[name] ?? "").split(",").map((secret) => secret.trim());
      if (secrets.some(({ length }) => length < MIN_SECRET_LENGTH)) {
        problems.push(`${name} must be secrets of at least ${MIN_SECRET_LENGTH} characters, divided by commas.`);
      }
      return [name.slice(WEBHOOK_SECRET_PREFIX.length), secrets];
    }),
  );
}

const quoteShortened = (value: string): string =>
  JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);

function integerParser(min: number, max: number): (value: string) => number | undefined {
  return (value) => {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    return number >= min && number <= max ? number : undefined;
  };
}

function parseDays(value: string): number | undefined {
  const number = integerParser(1, 36_500)(value);
  return number && number * 24 * 60 * 60 * 1000;
}

function parseShare(value: string): number | undefined {
  return /^(?:0(?:\.\d+)?|1(?:\.0+)?)$/.test(value) ? Number(value) : undefined;
}

function parseAddress(value: string): string | undefined {
  return isIP(value) ? value : undefined;
}

function parseNodeName(value: string): string | undefined {
  return /^[A-Za-z0-9_-]{1,64}$/.test(value) ? value : undefined;
}

function parseFeatureName(value: string): string | undefined {
  return /^[a-z][a-z0-9-]{0,63}$/.test(value) ? value : undefined;
}

function urlParser(...protocols: readonly string[]): (value: string) => string | undefined {
  return (value) => {
    const parsed = URL.parse(value);
    return parsed && protocols.includes(parsed.protocol) && parsed.hostname ? value : undefined;
  };
}

const MAIL_PORTS: Readonly<Record<string, number>> = { "smtp:": 587, "smtps:": 465 };

/** Reads `MAIL_URL`. TLS is required, unless the server is on this machine or the URL has `?tls=off`. */
function parseMailServer(value: string): MailServer | undefined {
  const parsed = URL.parse(value);
  const defaultPort = parsed && MAIL_PORTS[parsed.protocol];
  if (!parsed?.hostname || !defaultPort || !["", "/"].includes(parsed.pathname) || parsed.hash) return undefined;
  const secure = parsed.protocol === "smtps:";
  if (parsed.search !== "" && (parsed.search !== "?tls=off" || secure)) return undefined;
  const host = parsed.hostname.replace(/^\[|\]$/g, "");
  const user = decodeUserInfo(parsed.username);
  const password = decodeUserInfo(parsed.password);
  if (user === undefined || password === undefined) return undefined;
  return {
    host,
    port: parsed.port === "" ? defaultPort : Number(parsed.port),
    secure,
    requireTls: !secure && !isThisMachine(host) && parsed.search === "",
    user: user || undefined,
    password: password || undefined,
  };
}

function decodeUserInfo(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

function parseSender(value: string): string | undefined {
  const address = checkEmailAddress(value);
  return address.ok ? address.value : undefined;
}

/** An origin, in the exact serialization that browsers send: requests are compared with it. */
function parseOrigin(value: string): string | undefined {
  const parsed = URL.parse(value);
  return parsed && (parsed.protocol === "https:" || parsed.protocol === "http:") && parsed.origin === value
    ? value
    : undefined;
}

function parseNetwork(value: string): string | undefined {
  const [base = "", bits = "", rest] = value.split("/");
  const family = isIP(base);
  const length = integerParser(0, family === 6 ? 128 : 32)(bits);
  return family && length !== undefined && rest === undefined ? value : undefined;
}

function listParser<T>(parse: (value: string) => T | undefined): (value: string) => readonly T[] | undefined {
  return (value) => {
    const parsed = value.split(",").map((item) => parse(item.trim()));
    return parsed.every((item) => item !== undefined) ? parsed : undefined;
  };
}
