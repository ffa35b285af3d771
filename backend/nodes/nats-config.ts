import { isIP } from "node:net";

/** How this node reaches the other nodes. */
export interface NatsConfig {
  /** `HOST:PORT` of each server; the client tries one after the other. */
  readonly servers: readonly string[];
  /** TLS is enforced, with this file of CA certificates or the system's. Undefined: no TLS. */
  readonly tls: { readonly caFile: string | undefined } | undefined;
  readonly login: NatsLogin | undefined;
  /** Secrets of at least 32 bytes that authenticate packets between nodes. The first one seals; all are accepted. */
  readonly secrets: readonly string[];
}

export type NatsLogin =
  | { readonly user: string; readonly password: string }
  | { readonly token: string }
  | { readonly credentialsFile: string };

const VARIABLES = ["NATS_URL", "NATS_CA", "NATS_CREDS", "NODE_SECRET", "NODE_SECRET_ACCEPTED"] as const;
const MIN_SECRET_BYTES = 32;
const DEFAULT_PORT = 4222;
const EXPECTED_URL =
  "tls://user:password@host:4222, or nats://127.0.0.1:4222 for this machine; several divided by commas";

/**
 * Reads the environment variables about other nodes. Adds a line to `problems` for each mistake, without a value that
 * may be a secret. Undefined when this is the only node, or when there is a problem.
 */
export function readNats(
  readVariable: (name: string) => string | undefined,
  problems: string[],
): NatsConfig | undefined {
  const [url, ca, creds, secret, accepted] = VARIABLES.map(readVariable);
  const earlierProblems = problems.length;
  if (url === undefined) {
    for (const name of VARIABLES.slice(1, 3)) {
      if (readVariable(name) !== undefined)
        problems.push(`${name} must be used with NATS_URL: it says how to reach NATS.`);
    }
    return undefined;
  }
  if (readVariable("DATABASE_URL") === undefined) {
    problems.push(
      "DATABASE_URL must be set with NATS_URL: several nodes share one PostgreSQL. Unset NATS_URL to run one node.",
    );
  }
  checkSecrets(secret, accepted, problems);
  const parsed = parseServers(url);
  if (!parsed) {
    problems.push(`NATS_URL must be a URL like ${EXPECTED_URL}.`);
    return undefined;
  }
  const { servers, isTls } = parsed;
  if (creds !== undefined && parsed.login) {
    problems.push(
      "NATS_CREDS must be the only credentials: NATS_URL has a user or a token as well. Remove one of the two.",
    );
  }
  if (ca !== undefined && !isTls) {
    problems.push(
      "NATS_CA must be used with a NATS_URL that begins with tls://: without TLS no certificate is checked.",
    );
  }
  const login = creds === undefined ? parsed.login : { credentialsFile: creds };
  const remoteServers = servers.filter((server) => !isLoopback(server));
  if (remoteServers.length > 0 && !(isTls && login)) {
    problems.push(
      `NATS_URL must use TLS and credentials for ${remoteServers.join(", ")}, which is not on this machine: ` +
        "write tls://user:password@host:4222, tls://token@host:4222, or set NATS_CREDS to a credentials file.",
    );
  }
  if (problems.length > earlierProblems) return undefined;
  const secrets = [secret, accepted].filter((one) => one !== undefined);
  return { servers, tls: isTls ? { caFile: ca } : undefined, login, secrets };
}

function checkSecrets(secret: string | undefined, accepted: string | undefined, problems: string[]): void {
  const given = { NODE_SECRET: secret, NODE_SECRET_ACCEPTED: accepted };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined && name === "NODE_SECRET") {
      problems.push(
        "NODE_SECRET must be set with NATS_URL, to the same value on every node: it authenticates what nodes " +
          "send each other. Make one with: openssl rand -base64 32",
      );
    } else if (value !== undefined && Buffer.byteLength(value) < MIN_SECRET_BYTES) {
      const bytes = Buffer.byteLength(value);
      problems.push(
        `${name} must have at least ${MIN_SECRET_BYTES} bytes, not ${bytes}. Make one with: openssl rand -base64 32`,
      );
    }
  }
}

interface Servers {
  readonly servers: readonly string[];
  readonly isTls: boolean;
  readonly login: NatsLogin | undefined;
}

/** One scheme for all servers; credentials in one of the URLs, or the same ones in several. */
function parseServers(text: string): Servers | undefined {
  const urls = text.split(",").map((part) => URL.parse(part.trim()));
  const [first] = urls;
  const logins = new Map<string, NatsLogin>();
  const servers: string[] = [];
  for (const url of urls) {
    if (!first || !url?.hostname || url.protocol !== first.protocol) return undefined;
    if (!["nats:", "tls:"].includes(url.protocol) || !["", "/"].includes(url.pathname) || url.search || url.hash) {
      return undefined;
    }
    if (url.username !== "") {
      const login = loginOf(url);
      if (!login) return undefined;
      logins.set(JSON.stringify(login), login);
    } else if (url.password !== "") return undefined;
    servers.push(`${url.hostname}:${url.port === "" ? DEFAULT_PORT : url.port}`);
  }
  if (logins.size > 1) return undefined;
  return { servers, isTls: first?.protocol === "tls:", login: logins.values().next().value };
}

/** A user without a password is a token, as in the URLs of NATS' own tools. */
function loginOf({ username, password }: URL): NatsLogin | undefined {
  try {
    const user = decodeURIComponent(username);
    return password === "" ? { token: user } : { user, password: decodeURIComponent(password) };
  } catch {
    return undefined;
  }
}

/** The host name of `HOST:PORT`, without the brackets of an IPv6 address. */
export function hostOf(server: string): string {
  return server.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
}

function isLoopback(server: string): boolean {
  const host = hostOf(server);
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
