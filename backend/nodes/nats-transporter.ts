import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { checkServerIdentity, type PeerCertificate, type SecureContextOptions } from "node:tls";
import { Transporters } from "moleculer";
import { type ConnectionOptions, connect, credsAuthenticator, type NatsConnection, type TlsOptions } from "nats";
import type { Logger } from "pino";
import { modeOpenToOthers } from "../secret-files.ts";
import { hostOf, type NatsConfig, type NatsLogin } from "./nats-config.ts";

/** The configuration does not lead to the other nodes, or this node may not join them; the message says what to do. */
export class NodesError extends Error {
  override readonly name = "NodesError";
}

/** Milliseconds for one attempt to connect, between two attempts of a start, and between two attempts to reconnect. */
const CONNECT_TIMEOUT_MS = 2_000;
const RETRY_MS = 2_000;
const RECONNECT_MS = 200;
/** Added at random, so that not all nodes reconnect in the same moment. */
const RECONNECT_JITTER_MS = 100;
/**
 * Milliseconds between two pings of the server, and pings without a response after which the connection counts as lost:
 * a network that drops packets is noticed after three seconds. The default of the NATS client takes six minutes.
 */
const PING_MS = 1_000;
const MAX_PINGS_WITHOUT_PONG = 2;
/** Milliseconds that the server has to confirm the last packets when this node stops. */
const FLUSH_TIMEOUT_MS = 1_000;

/** Is told when the connection to NATS is lost and made again. What other nodes sent in between did not arrive. */
export interface ConnectionListener {
  /** Called once, with the first connection. */
  connected?(client: NatsConnection): void;
  lost(): void;
  /** The connection is there again, and the server has all subscriptions. */
  reconnected(): void;
}

/**
 * The connection to NATS. Unlike Moleculer's own it enforces TLS, reads credentials files, names the servers when none
 * of them can be reached, and stops trying when it is told to. It never uses servers that the cluster announces: only
 * the configured ones were checked for TLS.
 */
export class NatsTransporter extends Transporters.NATS {
  readonly #config: NatsConfig;
  readonly #options: ConnectionOptions;
  readonly #log: Logger;
  readonly #listeners: readonly ConnectionListener[];
  readonly #stopping = new AbortController();

  /** Throws a NodesError when a file that the configuration names cannot be used. */
  constructor(config: NatsConfig, log: Logger, listeners: readonly ConnectionListener[]) {
    super({});
    this.#config = config;
    this.#options = connectionOptions(config);
    this.#log = log;
    this.#listeners = listeners;
  }

  /** Resolves when the node is connected, or when it stops. Tries without end, because NATS may start later. */
  override async connect(): Promise<void> {
    const servers = this.#config.servers.join(", ");
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const client = await connect({ ...this.#options, servers: [...this.#config.servers] });
        if (signal.aborted) return await client.close();
        this.#use(client);
        return await this.onConnected();
      } catch (error) {
        const reason = error instanceof Error && error.message !== "" ? error.message : String(error);
        this.#log.warn({ servers, reason }, `NATS cannot be reached; trying again in ${RETRY_MS / 1000} s`);
        await delay(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  /** Resolves when the server has responded to a ping. Rejects while there is no connection. */
  async ping(): Promise<void> {
    const client = this.client as NatsConnection | null;
    if (!client) throw new Error("there is no connection to NATS");
    await client.rtt();
  }

  /** Waits at most a second for a server that does not respond. */
  override async disconnect(): Promise<void> {
    this.#stopping.abort();
    const client = this.client as NatsConnection | null;
    this.client = null;
    if (!client) return;
    await Promise.race([client.flush().catch(() => undefined), delay(FLUSH_TIMEOUT_MS, undefined, { ref: false })]);
    await client.close();
  }

  /** Moleculer's own throws on the errors that NATS reports to a subscription, for example a missing permission. */
  override async subscribe(type: string, nodeId?: string): Promise<void> {
    const topic = this.getTopicName(type, nodeId);
    (this.client as NatsConnection).subscribe(topic, {
      callback: (error, message) => {
        if (error) this.#log.error({ topic, reason: error.message }, "NATS refused a subscription");
        else this.receive(type, Buffer.from(message.data));
      },
    });
  }

  #use(client: NatsConnection): void {
    this.client = client;
    for (const contact of this.#listeners) contact.connected?.(client);
    const log = this.#log.child({ servers: this.#config.servers.join(", ") });
    // the client reports the loss again for each try to reconnect that timed out, and then as many reconnections
    let isLost = false;
    const report = async () => {
      for await (const { type, data } of client.status()) {
        if (type === "disconnect") {
          if (isLost) continue;
          isLost = true;
          if (!this.#stopping.signal.aborted) for (const contact of this.#listeners) contact.lost();
          log.warn("the connection to NATS was lost; connecting again");
        } else if (type === "reconnect") {
          if (!isLost) continue;
          isLost = false;
          log.info("connected to NATS again");
          // once the server has responded it has all subscriptions, and what is read from the database afterwards is
          // not older than they are; fails when the connection is lost again
          const isSubscribed = await client.flush().then(
            () => true,
            () => false,
          );
          if (isSubscribed) for (const contact of this.#listeners) contact.reconnected();
        } else if (type === "error") log.error({ reason: String(data) }, "NATS reported an error");
      }
    };
    report().catch(() => undefined);
    client.closed().then(() => {
      this.connected = false;
    });
  }
}

function connectionOptions({ servers, tls, login }: NatsConfig): ConnectionOptions {
  return {
    name: "causeway",
    timeout: CONNECT_TIMEOUT_MS,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: RECONNECT_JITTER_MS,
    reconnectJitterTLS: RECONNECT_JITTER_MS,
    pingInterval: PING_MS,
    maxPingOut: MAX_PINGS_WITHOUT_PONG,
    maxReconnectAttempts: -1,
    // while the password is changed on the server it is refused; without this the client would stop trying
    ignoreAuthErrorAbort: true,
    ignoreClusterUpdates: true,
    noEcho: true, // a node needs none of its own packets
    ...(tls && { tls: tlsOptions(tls.caFile, servers) }),
    ...(login && credentialsOf(login)),
  };
}

/**
 * Accepts the certificate of a configured server. The NATS client passes the name of a server that is configured by
 * name. For an address it passes no name, and Node.js would check the certificate against "localhost".
 */
function identityCheck(servers: readonly string[]): (name: string, certificate: PeerCertificate) => Error | undefined {
  const hosts = servers.map(hostOf);
  const addresses = hosts.filter((host) => isIP(host) !== 0);
  return (name, certificate) => {
    const candidates = hosts.includes(name) ? [name] : addresses;
    const errors = candidates.map((candidate) => checkServerIdentity(candidate, certificate));
    return errors.includes(undefined) ? undefined : (errors[0] ?? new Error(`${name} is not a configured NATS server`));
  };
}

/**
 * With TLS options the NATS client refuses a server without TLS. It passes all of them on to node:tls, also those that
 * its types do not list.
 */
function tlsOptions(caFile: string | undefined, servers: readonly string[]): TlsOptions & SecureContextOptions {
  const ca = caFile === undefined ? {} : { ca: readText(caFile, "NATS_CA") };
  const options = { ...ca, checkServerIdentity: identityCheck(servers), minVersion: "TLSv1.2" as const };
  return options;
}

function credentialsOf(login: NatsLogin): ConnectionOptions {
  if ("token" in login) return { token: login.token };
  if ("user" in login) return { user: login.user, pass: login.password };
  const { credentialsFile } = login;
  const credentials = readText(credentialsFile, "NATS_CREDS");
  const mode = modeOpenToOthers(statSync(credentialsFile));
  if (mode !== undefined) {
    throw new NodesError(
      `NATS_CREDS: ${credentialsFile} has mode ${mode}, so that other users of this ` +
        "machine can read or change it. It must be for its owner, and at most readable for its group: chmod 600.",
    );
  }
  if (!/-----BEGIN NATS USER JWT-----/.test(credentials) || !/-----BEGIN USER NKEY SEED-----/.test(credentials)) {
    throw new NodesError(
      `NATS_CREDS: ${credentialsFile} is no NATS credentials file, with a user JWT and an NKEY seed.`,
    );
  }
  return { authenticator: credsAuthenticator(new TextEncoder().encode(credentials)) };
}

function readText(file: string, variable: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NodesError(`${variable}: ${file} cannot be read (${reason}). Name a file that this user may read.`);
  }
}
