import { setTimeout as delay } from "node:timers/promises";
import { addressOf } from "../../line.ts";
import type { Account } from "../site/accounts.ts";
import { LightClient } from "../site/light-client.ts";

export const ROOM_OF = 6;
const STEP_MS = 10;
/** Messages under way while as much as possible is sent. */
const UNDER_WAY = 32;

/** Clients in rooms of six, each of which is sent to nodes that can be changed. */
export class Crowd {
  readonly clients: readonly LightClient[];
  /** Messages that were acknowledged, and that clients got. */
  acknowledged = 0;
  delivered = 0;
  /** Milliseconds that clients were away, those who are back. */
  readonly away: number[] = [];
  readonly #leftAt = new Map<number, number>();
  #order: (client: number) => readonly number[] = () => [];
  #size = 0;
  #sent = 0;

  constructor(accounts: readonly Account[]) {
    this.clients = accounts.map((account, n) => {
      const client: LightClient = new LightClient({
        ...{ account, address: addressOf(n), room: `nodes${Math.floor(n / ROOM_OF)}` },
        order: () => this.#order(n),
        onMessage: () => {
          this.delivered += 1;
        },
        onAway: () => {
          if (client.isWanted) this.#leftAt.set(n, performance.now());
        },
        onBack: () => {
          const left = this.#leftAt.get(n);
          if (left !== undefined) this.away.push(performance.now() - left);
          this.#leftAt.delete(n);
        },
      });
      return client;
    });
  }

  /** Connects the first `size` clients anew, each to the first of these ports that accepts; only they talk then. */
  async connect(order: (client: number) => readonly number[], size = this.clients.length): Promise<void> {
    await this.close();
    this.#order = order;
    this.#size = size;
    for (const client of this.clients.slice(0, size)) {
      client.open();
      while (!client.isBack) await delay(2);
    }
  }

  /** Waits until no client is away. */
  async untilBack(): Promise<void> {
    while (this.clients.slice(0, this.#size).some(({ isBack }) => !isBack)) await delay(10);
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.close();
    while (this.clients.some(({ isBack }) => isBack)) await delay(5);
  }

  /** Sends at a steady rate, one client after the other, until the time is over; then waits for what is under way. */
  async talk(perSecond: number, milliseconds: number): Promise<void> {
    const started = performance.now();
    const total = Math.round((perSecond * milliseconds) / 1000);
    const underWay = new Set<Promise<void>>();
    for (let sent = 0; sent < total; await delay(STEP_MS)) {
      const due = Math.min(total, Math.floor(((performance.now() - started) / 1000) * perSecond));
      for (; sent < due; sent += 1) {
        const sending = this.#send().finally(() => underWay.delete(sending));
        underWay.add(sending);
      }
    }
    await Promise.all(underWay);
  }

  /** Sends so many messages, each as soon as one of those under way is acknowledged. */
  async talkMuch(messages: number): Promise<void> {
    let left = messages;
    const one = async () => {
      while (left-- > 0) await this.#send();
    };
    await Promise.all(Array.from({ length: UNDER_WAY }, one));
  }

  async #send(): Promise<void> {
    const n = this.#sent++;
    const client = this.clients[(n * 7) % this.#size] as LightClient;
    if (!client.isBack) return;
    const params = { room: client.room, text: `message ${n}`, clientId: `n${n}` };
    await client.call("chat.send", params).then(
      () => {
        this.acknowledged += 1;
      },
      () => undefined, // its node has stopped
    );
  }
}
