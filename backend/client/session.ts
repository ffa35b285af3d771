import type { ParamsOf, Profile, ResultOf, SignedIn } from "../contract/actions.ts";
import type { http } from "../surface.ts";
import { type Backoff, type Fetch, isUnauthorized, RequestError, requestJson, waitFor } from "./requests.ts";

/** `METHOD /path` of every endpoint, and the action behind it. */
export type Endpoints = {
  [E in (typeof http)[number] as `${E["method"]} ${E["path"]}`]: E["action"];
};

export interface SessionOptions {
  /** Where the server is; empty for the page's own origin. */
  readonly url: string;
  /** How requests are made; the global `fetch` when left out. */
  readonly fetch?: Fetch | undefined;
  /** Milliseconds before its end at which the access token is renewed. */
  readonly renewBefore: number;
  readonly backoff: Backoff;
  /** Somebody signed in, or there is a fresh token. */
  readonly onToken: (accessToken: string) => void;
  /** The session ended without being asked to. */
  readonly onEnded: () => void;
}

interface Current {
  readonly user: Profile;
  readonly accessToken: string;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly expiresAt: number;
  /** Absent in a browser, which keeps it in a cookie that no script can read. */
  readonly refreshToken: string | undefined;
}

/** Milliseconds between two renewals at least. */
const RENEW_PAUSE = 1000;

/** Who is signed in: takes credentials and renews the access token before it ends, over HTTP alone. */
export class ClientSession {
  readonly #options: SessionOptions;
  #current: Current | undefined;
  #renewing: Promise<string> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get user(): Profile | undefined {
    return this.#current?.user;
  }

  get accessToken(): string | undefined {
    return this.#current?.accessToken;
  }

  /** Signs in by an endpoint that answers a session. Throws a `RequestError`. */
  async enter<E extends "POST /api/auth/register" | "POST /api/auth/login" | "POST /api/auth/refresh">(
    endpoint: E,
    params: ParamsOf<Endpoints[E]>,
  ): Promise<void> {
    this.#take(await this.#send(endpoint, params));
  }

  /** Makes a request as the user, with a fresh access token if the one at hand is refused. Throws a `RequestError`. */
  async request<E extends keyof Endpoints>(
    endpoint: E,
    params: ParamsOf<Endpoints[E]>,
  ): Promise<ResultOf<Endpoints[E]>> {
    const attempt = () => this.#send(endpoint, params, this.#current?.accessToken);
    let answer: unknown;
    try {
      answer = await attempt();
    } catch (error) {
      if (!isUnauthorized(error) || !this.#current) throw error;
      await this.#renew();
      answer = await attempt();
    }
    return answer as ResultOf<Endpoints[E]>;
  }

  /**
   * An access token that is good for a while, or one that was never used if `anew`. Throws what kept it from being had;
   * when it was that the session is over, `onEnded` has been told.
   */
  async token(anew = false): Promise<string> {
    const current = this.#current;
    if (!current) throw signIn();
    if (!anew && current.expiresAt - Date.now() > RENEW_PAUSE) return current.accessToken;
    try {
      return await this.#renew();
    } catch (error) {
      if (isUnauthorized(error) && this.#current) {
        this.close();
        this.#options.onEnded();
      }
      throw error;
    }
  }

  /** The user as the server now describes them. */
  become(user: Profile): void {
    if (this.#current) this.#current = { ...this.#current, user };
  }

  /** Forgets it, without ending it on the server. */
  close(): void {
    clearTimeout(this.#renewal);
    this.#renewing = undefined; // whoever signs in next has no part in it
    this.#current = undefined;
    this.#failures = 0;
  }

  #take(answer: unknown): string {
    const { user, accessToken, expiresIn, refreshToken } = answer as Omit<SignedIn, "refreshToken"> & {
      refreshToken?: string;
    };
    this.#current = { user, accessToken, expiresAt: Date.now() + expiresIn * 1000, refreshToken };
    this.#failures = 0;
    this.#renewIn(Math.max(expiresIn * 1000 - this.#options.renewBefore, RENEW_PAUSE));
    this.#options.onToken(accessToken);
    return accessToken;
  }

  #renewIn(milliseconds: number): void {
    clearTimeout(this.#renewal);
    this.#renewal = setTimeout(() => {
      this.token(true).catch((error: unknown) => {
        if (this.#current) this.#renewIn(waitFor(error, this.#failures++, this.#options.backoff));
      });
    }, milliseconds);
  }

  #renew(): Promise<string> {
    if (this.#renewing) return this.#renewing;
    const refreshToken = this.#current?.refreshToken;
    const renewing = this.#send("POST /api/auth/refresh", refreshToken === undefined ? {} : { refreshToken })
      .then((answer) => {
        if (this.#renewing !== renewing) throw signIn();
        return this.#take(answer);
      })
      .finally(() => {
        if (this.#renewing === renewing) this.#renewing = undefined;
      });
    this.#renewing = renewing;
    return renewing;
  }

  #send(endpoint: keyof Endpoints, params: object, accessToken?: string): Promise<unknown> {
    const [method = "", path = ""] = endpoint.split(" ");
    const { fetch } = this.#options;
    const url = `${this.#options.url}${path}`;
    const token = accessToken === undefined ? {} : { accessToken };
    if (method !== "GET") return requestJson({ method, url, body: params, ...token, fetch });
    const query = new URLSearchParams(Object.entries(params).map(([name, value]) => [name, String(value)])).toString();
    return requestJson({ method, url: query === "" ? url : `${url}?${query}`, ...token, fetch });
  }
}

/** What a client without a session is told. */
export function signIn(): RequestError {
  return new RequestError("SIGN_IN", "Sign in again.", { status: 401 });
}
