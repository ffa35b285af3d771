import type { Socket } from "node:net";
import type { Visitor } from "../../rules/index.ts";

/** What this program says of a connection that it has opened to the edge itself. */
export interface ClientIntroduction {
  /** What Cloudflare would know of the visitor; it replaces what the edge takes every visitor for. */
  readonly visitor?: Visitor;
  /** CF-Ray of the request that the next one repeats. */
  readonly repeats?: string;
}

type SocketPorts = Pick<Socket, "localPort" | "remotePort">;

/**
 * Connections of this program to its own edge. They are known by their ports, and not by a header: no client can take
 * the ports of a connection that is open.
 */
export class IntroducedClients {
  readonly #byPorts = new Map<string, ClientIntroduction>();

  /** Introduces a connection, as its client's end, until that closes. */
  add(client: Socket, introduction: ClientIntroduction): void {
    const ports = `${client.remotePort} ${client.localPort}`;
    this.#byPorts.set(ports, introduction);
    client.once("close", () => this.#byPorts.delete(ports));
  }

  /** The introduction of a connection, as the edge's end; undefined for those of visitors. */
  of({ localPort, remotePort }: SocketPorts): ClientIntroduction | undefined {
    return this.#byPorts.size === 0 ? undefined : this.#byPorts.get(`${localPort} ${remotePort}`);
  }
}
