import type { Socket } from "node:net";

/** How far a connection came on its way to a registration. */
export type RegistrationStage = "connected" | "secured" | "speaking";

const RANK: Readonly<Record<RegistrationStage, number>> = { connected: 0, secured: 1, speaking: 2 };

/** How many connections may be on their way to a registration at once. */
export interface UnregisteredLimits {
  /** Connections without a finished TLS handshake. Each holds about 20 kB. */
  readonly connected: number;
  /** Connections after the TLS handshake. Each holds an HTTP/2 session, about 100 kB. */
  readonly secured: number;
}

interface UnregisteredConnection {
  readonly socket: Socket;
  readonly address: string;
  stage: RegistrationStage;
}

/**
 * The connections that have not registered yet. Any of them may be a connector, so each new one is admitted, and where
 * there are too many, another one is closed: of the address that holds most of them, the one that came least far, and
 * of these the oldest. A connector registers within milliseconds; a client that only holds a place is the first to
 * lose it.
 */
export class UnregisteredConnections {
  readonly #limits: UnregisteredLimits;
  readonly #entries = new Set<UnregisteredConnection>();
  #secured = 0;

  constructor(limits: UnregisteredLimits) {
    this.#limits = limits;
  }

  /** Admits a connection. The returned function notes its progress; `registered` takes it out. */
  admit(socket: Socket): (stage: "secured" | "speaking" | "registered") => void {
    const entry: UnregisteredConnection = { socket, address: socket.remoteAddress ?? "", stage: "connected" };
    if (this.#entries.size - this.#secured >= this.#limits.connected) this.#closeOne((stage) => stage === "connected");
    this.#entries.add(entry);
    socket.once("close", () => this.#remove(entry));
    return (stage) => {
      if (!this.#entries.has(entry)) return;
      if (stage === "registered") return this.#remove(entry);
      if (entry.stage === "connected") {
        if (this.#secured >= this.#limits.secured) this.#closeOne((other) => other !== "connected");
        this.#secured += 1;
      }
      entry.stage = stage;
    };
  }

  #remove(entry: UnregisteredConnection): void {
    if (this.#entries.delete(entry) && entry.stage !== "connected") this.#secured -= 1;
  }

  #closeOne(isCandidate: (stage: RegistrationStage) => boolean): void {
    const candidates = [...this.#entries].filter(({ stage }) => isCandidate(stage));
    const held = new Map<string, number>();
    for (const { address } of candidates) held.set(address, (held.get(address) ?? 0) + 1);
    const most = Math.max(...held.values());
    let victim: UnregisteredConnection | undefined;
    for (const entry of candidates) {
      if (held.get(entry.address) !== most) continue;
      if (!victim || RANK[entry.stage] < RANK[victim.stage]) victim = entry;
    }
    if (!victim) return;
    this.#remove(victim);
    victim.socket.destroy();
  }
}
