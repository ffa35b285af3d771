/**
 * Checks all calls of a command together: no command may delete what it wrote itself in the same run. Such a sequence
 * has taken a live site down: a record was imported as the replacement of itself, written, and deleted as the old one
 * (finding P0).
 */
import { isObject } from "./shape.ts";

/** An object that a run wrote and then tried to delete. */
interface DeletionOfOwn {
  readonly run: string;
  /** The write, e.g. `PUT /zones/…/dns_records/…`. */
  readonly written: string;
  /** The deletion. */
  readonly deleted: string;
}

/** A run deleted what it had written. Code `RUN_DELETED_OWN`. */
class RunError extends Error {
  readonly code = "RUN_DELETED_OWN";
  readonly deletes: readonly DeletionOfOwn[];

  constructor(deletes: readonly DeletionOfOwn[]) {
    const lines = deletes.map(({ run, written, deleted }) => `  ${run}: ${written}, then ${deleted}`);
    super(`A command deleted what the same run had written:\n${lines.join("\n")}`);
    this.name = "RunError";
    this.deletes = deletes;
  }
}

/** A call that the API has carried out, also where its response got lost. */
interface DoneCall {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  /** Undefined where the call was refused. */
  readonly result: unknown;
}

export interface Runs {
  /** Every call while the command runs belongs to it. @throws RunError where it deleted what it had written */
  run<Result>(name: string, command: () => Promise<Result>): Promise<Result>;
  recordCall(call: DoneCall): void;
}

/** Objects of one run that are remembered; later ones are not watched. */
const MAX_OBJECTS = 100_000;

export function createRuns(): Runs {
  let current:
    | { readonly name: string; readonly written: Map<string, string>; readonly deletes: DeletionOfOwn[] }
    | undefined;
  return {
    async run(name, command) {
      if (current !== undefined) throw new Error(`the run ${current.name} has not ended, so ${name} cannot begin`);
      const run = { name, written: new Map<string, string>(), deletes: [] as DeletionOfOwn[] };
      current = run;
      try {
        const result = await command();
        if (run.deletes.length > 0) throw new RunError(run.deletes);
        return result;
      } finally {
        current = undefined;
      }
    },
    recordCall({ method, path, body, result }) {
      if (current === undefined || method === "GET") return;
      const { name, written, deletes } = current;
      if (method === "DELETE") {
        const before = written.get(path.split("/").at(-1) ?? "");
        if (before !== undefined) deletes.push({ run: name, written: before, deleted: `${method} ${path}` });
        return;
      }
      const id = idOf(result);
      if (id === undefined || isRotation(body) || written.size >= MAX_OBJECTS) return;
      written.set(id, `${method} ${path}`);
    },
  };
}

/** A tunnel's configuration is part of the tunnel. */
function idOf(result: unknown): string | undefined {
  if (!isObject(result)) return undefined;
  const id = result.id ?? result.tunnel_id;
  return typeof id === "string" ? id : undefined;
}

/** A new secret locks connectors out and nothing else: `down` sends one before it deletes the tunnel. */
function isRotation(body: unknown): boolean {
  return isObject(body) && Object.keys(body).join() === "tunnel_secret";
}
