/** A call of the API, so that a test can check that the second run only reads. */
export interface ApiCall {
  readonly method: string;
  /** Under /client/v4, query included. */
  readonly path: string;
  /** 0 where the connection was cut. */
  readonly status: number;
  /** `dry_run=true`: the call was only checked, and nothing was stored. */
  readonly dryRun?: true;
  /** As sent, secrets replaced by "<secret>". */
  readonly body?: unknown;
}

/** A call to keep. Of its body the journal keeps only the text: parsed, it would take many times the memory. */
interface JournalEntry {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly dryRun?: boolean;
  /** The JSON as it was sent, and parsed. */
  readonly body?: { readonly text: string; readonly value: unknown } | undefined;
}

/** Older calls are forgotten. */
const MAX_CALLS = 10_000;
/** UTF-16 units of paths and bodies together; older calls are forgotten. */
const MAX_TEXT_UNITS = 8 * 1024 * 1024;

/** The newest calls, oldest first. */
export interface Journal {
  readonly calls: readonly ApiCall[];
  add(entry: JournalEntry): void;
}

export function createJournal(): Journal {
  const calls: ApiCall[] = [];
  const sizes: number[] = [];
  let total = 0;
  return {
    calls,
    add({ method, path, status, dryRun, body }) {
      const text = body === undefined ? undefined : withoutSecrets(body);
      const size = path.length + (text?.length ?? 0);
      while (calls.length > 0 && (calls.length >= MAX_CALLS || total + size > MAX_TEXT_UNITS)) {
        calls.shift();
        total -= sizes.shift() ?? 0;
      }
      sizes.push(size);
      total += size;
      const call = { method, path, status, ...(dryRun ? ({ dryRun } as const) : {}) };
      calls.push(text === undefined ? call : withBody(call, text));
    },
  };
}

/** Gives a call its body, which is parsed only when it is read. */
function withBody(call: ApiCall, text: string): ApiCall {
  return Object.defineProperty(call, "body", { enumerable: true, get: (): unknown => JSON.parse(text) });
}

function withoutSecrets({ text, value }: NonNullable<JournalEntry["body"]>): string {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "tunnel_secret")) return text;
  return JSON.stringify({ ...value, tunnel_secret: "<secret>" });
}
