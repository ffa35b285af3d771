/** What was asked of the API, so that a test can say "the second run only read". */
export interface ApiCall {
  readonly method: string;
  /** Under /client/v4, query included. */
  readonly path: string;
  /** 0 where the connection was cut. */
  readonly status: number;
  /** As sent, secrets replaced by "<secret>". */
  readonly body?: unknown;
}

/** Older calls are forgotten. */
const MAX_CALLS = 10_000;

export interface Journal {
  readonly calls: readonly ApiCall[];
  add(call: ApiCall): void;
}

export function createJournal(): Journal {
  const calls: ApiCall[] = [];
  return {
    calls,
    add(call) {
      if (calls.length >= MAX_CALLS) calls.splice(0, MAX_CALLS / 10);
      calls.push(call.body === undefined ? call : { ...call, body: withoutSecrets(call.body) });
    },
  };
}

function withoutSecrets(body: unknown): unknown {
  if (typeof body !== "object" || body === null || !Object.hasOwn(body, "tunnel_secret")) return body;
  return { ...body, tunnel_secret: "<secret>" };
}
