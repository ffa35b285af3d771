import { isIP } from "node:net";
import { resolve } from "node:path";
import type { MailServer } from "./mail/smtp.ts";
import { type NatsConfig, readNats } from "./nodes/nats-config.ts";
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
  readonly logLevel: LogLevel;
  /** Share of the successful requests that are logged, 0 to 1; refused ones are logged by `RefusalLog`. */
  readonly logSample: number;
  /** Milliseconds within which open requests have to finish when the backend stops. */
  readonly drainTimeMs: number;
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

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the configuration. Throws a ConfigError that lists all problems and never a value that may hold a password.
 */
export function readConfig(env: Environment): Config {
  const problems: string[] = [];
  const text = (name: string) => env[name]?.trim() || undefined;
  const read = <T>(name: string, absent: T, parse: (value: string) => T | undefined, expected: string): T => {
    const value = text(name);
    if (value === undefined) return absent;
    const parsed = parse(value);
    if (parsed === undefined)
      problems.push(`${name} must be ${expected}${mayHoldPassword(name, value) ? "" : `, not ${shown(value)}`}.`);
    return parsed ?? absent;
  };

  const config: Config = {
    host: read("HOST", "127.0.0.1", address, "an IP address, for example 127.0.0.1"),
    port: read("PORT", 3000, integer(0, 65_535), "a port: 0 to 65535"),
    internalPort: read<number | undefined>("INTERNAL_PORT", undefined, integer(0, 65_535), "a port: 0 to 65535"),
    dataDir: resolve(text("DATA_DIR") ?? ".data"),
    databaseUrl: read<string | undefined>(
      "DATABASE_URL",
      undefined,
      url("postgres:", "postgresql:"),
      "a URL like postgres://user:password@host:5432/database",
    ),
    unusedFeatures: read("UNUSED_FEATURES", [], list(featureName), "names of features divided by commas"),
    nats: readNats(text, problems),
    nodeId: read<string | undefined>("NODE_ID", undefined, nodeName, "1 to 64 letters, digits, hyphens or underscores"),
    origins: read("ORIGINS", [], list(origin), "origins divided by commas, for example https://chat.example.com"),
    mail: undefined,
    registration: read(
      "REGISTRATION",
      "open",
      (value) => REGISTRATIONS.find((known) => known === value),
      `one of ${REGISTRATIONS.join(", ")}`,
    ),
    retention: {
      maxAge: read<number | undefined>("MESSAGE_DAYS", undefined, days, "days: 1 to 36500"),
      perRoom: read<number | undefined>("MESSAGES_PER_ROOM", undefined, integer(1, 999_999_999), "a number from 1 on"),
    },
    quota: read("USER_QUOTA_MB", QUOTA_MB, integer(1, 1_000_000), "megabytes: 1 to 1000000") * 1_000_000,
    webhookSecrets: webhookSecretsOf(env, problems),
    trustedPeers: read("TRUSTED_PEERS", [], list(network), "networks divided by commas, for example 172.16.0.0/12"),
    logLevel: read(
      "LOG_LEVEL",
      "info",
      (value) => LOG_LEVELS.find((level) => level === value),
      `one of ${LOG_LEVELS.join(", ")}`,
    ),
    logSample: read("LOG_SAMPLE", 1, share, "a share: 0 to 1"),
    drainTimeMs: read("DRAIN_SECONDS", 10, integer(0, 600), "seconds: 0 to 600") * 1000,
  };
  if (config.internalPort !== undefined && config.internalPort !== 0 && config.internalPort === config.port) {
    problems.push("INTERNAL_PORT must differ from PORT: the tunnel would make it public.");
  }
  const server = read<MailServer | undefined>(
    "MAIL_URL",
    undefined,
    mailServer,
    "a URL like smtp://user:password@host:587 or smtps://host, with ?tls=off for a server without TLS in a network " +
      "of yours",
  );
  const from = read<string | undefined>(
    "MAIL_FROM",
    undefined,
    sender,
    "an e-mail address, for example chat@example.com",
  );
  if (text("MAIL_URL") !== undefined) {
    if (text("MAIL_FROM") === undefined)
      problems.push("MAIL_FROM must be set with MAIL_URL: the address mails come from.");
    if (text("ORIGINS") === undefined)
      problems.push("ORIGINS must be set with MAIL_URL: links in mails lead to the first.");
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return server && from ? { ...config, mail: { server, from } } : config;
}

/** Whether a value must not be shown: URLs have passwords, and a value with an @ may be a URL in the wrong variable. */
const mayHoldPassword = (name: string, value: string): boolean => name.endsWith("_URL") || value.includes("@");

const WEBHOOK_SECRET_PREFIX = "WEBHOOK_SECRET_";
/** Minimum length of a secret: shorter ones can be guessed. */
const MIN_SECRET_LENGTH = 16;

function webhookSecretsOf(env: Environment, problems: string[]): ReadonlyMap<string, readonly string[]> {
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

const shown = (value: string): string => JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);

function integer(min: number, max: number): (value: string) => number | undefined {
  return (value) => {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    return number >= min && number <= max ? number : undefined;
  };
}

function days(value: string): number | undefined {
  const number = integer(1, 36_500)(value);
  return number && number * 24 * 60 * 60 * 1000;
}

function share(value: string): number | undefined {
  return /^(?:0(?:\.\d+)?|1(?:\.0+)?)$/.test(value) ? Number(value) : undefined;
}

function address(value: string): string | undefined {
  return isIP(value) ? value : undefined;
}

function nodeName(value: string): string | undefined {
  return /^[A-Za-z0-9_-]{1,64}$/.test(value) ? value : undefined;
}

function featureName(value: string): string | undefined {
  return /^[a-z][a-z0-9-]{0,63}$/.test(value) ? value : undefined;
}

function url(...protocols: readonly string[]): (value: string) => string | undefined {
  return (value) => {
    const parsed = URL.parse(value);
    return parsed && protocols.includes(parsed.protocol) && parsed.hostname ? value : undefined;
  };
}

const MAIL_PORTS: Readonly<Record<string, number>> = { "smtp:": 587, "smtps:": 465 };

/** Reads `MAIL_URL`. TLS is required, unless the server is on this machine or the URL has `?tls=off`. */
function mailServer(value: string): MailServer | undefined {
  const parsed = URL.parse(value);
  const usual = parsed && MAIL_PORTS[parsed.protocol];
  if (!parsed?.hostname || !usual || !["", "/"].includes(parsed.pathname) || parsed.hash) return undefined;
  const secure = parsed.protocol === "smtps:";
  if (parsed.search !== "" && (parsed.search !== "?tls=off" || secure)) return undefined;
  const host = parsed.hostname.replace(/^\[|\]$/g, "");
  const isHere = host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
  const user = decoded(parsed.username);
  const password = decoded(parsed.password);
  if (user === undefined || password === undefined) return undefined;
  return {
    host,
    port: parsed.port === "" ? usual : Number(parsed.port),
    secure,
    requireTls: !secure && !isHere && parsed.search === "",
    user: user || undefined,
    password: password || undefined,
  };
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

function sender(value: string): string | undefined {
  const address = checkEmailAddress(value);
  return address.ok ? address.value : undefined;
}

/** An origin, in the exact serialization that browsers send: requests are compared with it. */
function origin(value: string): string | undefined {
  const parsed = URL.parse(value);
  return parsed && (parsed.protocol === "https:" || parsed.protocol === "http:") && parsed.origin === value
    ? value
    : undefined;
}

function network(value: string): string | undefined {
  const [base = "", bits = "", rest] = value.split("/");
  const family = isIP(base);
  const length = integer(0, family === 6 ? 128 : 32)(bits);
  return family && length !== undefined && rest === undefined ? value : undefined;
}

function list<T>(parse: (value: string) => T | undefined): (value: string) => readonly T[] | undefined {
  return (value) => {
    const parsed = value.split(",").map((item) => parse(item.trim()));
    return parsed.every((item) => item !== undefined) ? parsed : undefined;
  };
}
