import { isUnauthorized, RequestError, readRefusal } from "../../../../backend/client/requests.ts";
import type { Account } from "./accounts.ts";

/** Milliseconds before its end at which an access token is renewed. */
const RENEW_BEFORE_MS = 60_000;
/** Milliseconds that a node has to respond. */
const PATIENCE_MS = 15_000;

export interface LightSessionOptions {
  readonly account: Account;
  readonly address: string;
  order(): readonly number[];
  onSignedOut?(): void;
}

/** The access token of a user, renewed before it ends. */
export class LightSession {
  readonly #options: LightSessionOptions;
  #accessToken: string;
  #refreshToken: string;
  #endsAt: number;
  #renewing: Promise<string> | undefined;

  constructor(options: LightSessionOptions) {
    const { accessToken, refreshToken, expiresIn, madeAt } = options.account;
    this.#options = options;
    this.#accessToken = accessToken;
    this.#refreshToken = refreshToken;
    this.#endsAt = madeAt + expiresIn * 1000;
  }

  get isDue(): boolean {
    return performance.now() > this.#endsAt - RENEW_BEFORE_MS;
  }

  /** A token that is good for a while. Throws a `RequestError`. */
  async token(): Promise<string> {
    return this.isDue ? this.renew() : this.#accessToken;
  }

  /** The server has refused the token: the next one is a new one. */
  doubt(): void {
    this.#endsAt = 0;
  }

  /** Throws a `RequestError`. */
  renew(): Promise<string> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #renew(): Promise<string> {
    const { order, address, onSignedOut } = this.#options;
    for (const port of order()) {
      const answer = await refresh(port, address, this.#refreshToken);
      if (answer === undefined) continue;
      if ("code" in answer) {
        if (isUnauthorized(answer)) onSignedOut?.();
        throw answer;
      }
      this.#accessToken = answer.accessToken;
      this.#refreshToken = answer.refreshToken;
      this.#endsAt = performance.now() + answer.expiresIn * 1000;
      return this.#accessToken;
    }
    throw new RequestError("OFFLINE", "No node can be reached.");
  }
}

type Renewed = Pick<Account, "accessToken" | "refreshToken" | "expiresIn">;

/** The refusal where there is one; undefined where the node cannot be reached. */
async function refresh(
  port: number,
  address: string,
  refreshToken: string,
): Promise<Renewed | RequestError | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/api/auth/refresh`, {
      method: "POST",
      headers: { "cf-connecting-ip": address, "content-type": "application/json" },
      body: JSON.stringify({ refreshToken }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const answer: unknown = await response.json();
    if (response.ok) return answer as Renewed;
    const { code = "INTERNAL", message = "" } = readRefusal(answer);
    const retryAfter = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
    return new RequestError(code, message, { status: response.status, ...(retryAfter > 0 && { retryAfter }) });
  } catch {
    return undefined;
  }
}
