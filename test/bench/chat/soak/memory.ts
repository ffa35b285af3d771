import type { BackendProcess } from "../site/backend-process.ts";

/** Milliseconds after which a life of a node counts: before, it is still starting. */
const STARTED_MS = 10_000;

/** Megabytes of one node's present life, which began at some restart. */
export interface NodeMemory {
  readonly name: string;
  readonly lives: number;
  /** At the first look ten seconds after its start or later. */
  readonly first: number;
  readonly last: number;
  readonly most: number;
  /** Seconds between the first look and the last one. */
  readonly seconds: number;
}

interface Life {
  readonly pid: number;
  readonly since: number;
  first: { readonly at: number; readonly megabytes: number } | undefined;
  last: { readonly at: number; readonly megabytes: number } | undefined;
  most: number;
}

/** Looks now and then at how much memory each node takes. */
export class Memory {
  readonly #nodes: readonly BackendProcess[];
  readonly #lives = new Map<BackendProcess, Life[]>();

  constructor(nodes: readonly BackendProcess[]) {
    this.#nodes = nodes;
  }

  look(): void {
    const now = performance.now();
    for (const node of this.#nodes) {
      const { pid } = node;
      if (pid === undefined) continue;
      const lives = this.#lives.get(node) ?? [];
      this.#lives.set(node, lives);
      let life = lives.at(-1);
      if (life?.pid !== pid) {
        life = { pid, since: now, first: undefined, last: undefined, most: 0 };
        lives.push(life);
      }
      const megabytes = node.memory();
      life.most = Math.max(life.most, megabytes);
      life.last = { at: now, megabytes };
      if (now - life.since >= STARTED_MS || lives.length === 1) life.first ??= life.last;
    }
  }

  get nodes(): readonly NodeMemory[] {
    return [...this.#lives].map(([{ name }, lives]) => {
      const { first, last, most = Number.NaN } = lives.at(-1) ?? {};
      return {
        ...{ name, lives: lives.length, most },
        first: first?.megabytes ?? Number.NaN,
        last: last?.megabytes ?? Number.NaN,
        seconds: ((last?.at ?? 0) - (first?.at ?? 0)) / 1000,
      };
    });
  }
}
