import { fillPath } from "./fill-path.ts";
import {
  type Backoff,
  type Fetch,
  type HttpRequest,
  isUnauthorized,
  RequestError,
  requestJson,
  requestPicture,
  waitFor,
} from "./requests.ts";
import type { Endpoints, ParamsOf, Profile, ResultOf, SignedIn } from "./server-types.ts";

export interface SessionOptions {
  /** The server's origin; empty for the page's own origin. */
  readonly url: string;
  /** Makes requests; the global `fetch` when left out. */
  readonly fetch?: Fetch | undefined;
  /** Milliseconds before the access token expires at which it is renewed. */
  readonly renewBeforeMs: number;
  readonly backoff: Backoff;
  /** Called with each new access token, that of a sign-in too. */
  readonly onToken: (accessToken: string) => void;
  /** Called when the session has ended and `end` has not ended it. */
  readonly onEnded: () => void;
}

interface CurrentSession {
  readonly user: Profile;
  readonly accessToken: string;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly expiresAt: number;
  /** Absent in a browser, which keeps it in a cookie that no script can read. */
  readonly refreshToken: string | undefined;
}

/** Minimum milliseconds between two renewals. */
const RENEW_PAUSE_MS = 1000;

/** The user's session: sends credentials and renews the access token before it expires, over HTTP alone. */
export class ClientSession {
  readonly #options: SessionOptions;
  #current: CurrentSession | undefined;
  #renewing: Promise<string> | undefined;
  #renewalTimer: ReturnType<typeof setTimeout> | undefined;
  /** Settles when the request that ends the session has a response. */
  #ending: Promise<unknown> | undefined;
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

  /** Signs in by an endpoint that returns a session. Throws a `RequestError`. */
  async enter<E extends "POST /api/auth/register" | "POST /api/auth/login" | "POST /api/auth/refresh">(
    endpoint: E,
    params: ParamsOf<Endpoints[E]>,
  ): Promise<void> {
    this.#startSession(await requestJson(this.#prepare(endpoint, params)));
  }

  /** Makes a request as the user, and renews the access token if it is refused. Throws a `RequestError`. */
  async request<E extends keyof Endpoints>(
    endpoint: E,
    params: ParamsOf<Endpoints[E]>,
  ): Promise<ResultOf<Endpoints[E]>> {
    const request = (token?: string) => requestJson(this.#prepare(endpoint, params, token));
    return (await this.#asUser(request)) as ResultOf<Endpoints[E]>;
  }

  /** Sets the user's picture to this file, and returns its hash. Throws a `RequestError`. */
  async setPicture(file: Uint8Array<ArrayBuffer>): Promise<string | null> {
    const request = (token?: string) =>
      requestJson({ ...this.#prepare("PUT /api/users/me/picture", {}, token), body: file });
    return ((await this.#asUser(request)) as ResultOf<"users.setPicture">).picture;
  }

  /** Reads the picture of a user with this hash. Throws a `RequestError`. */
  picture(id: string, hash: string): Promise<Blob> {
    return this.#asUser((token) =>
      requestPicture(this.#prepare("GET /api/users/:id/picture/:hash", { id, hash }, token)),
    );
  }

  /**
   * Makes a request that ends the session, and forgets it. The server closes the user's sockets before it responds:
   * `token` waits for the response, so that a connection that comes back does not ask for a token of this session.
   */
  async end<E extends "POST /api/auth/logout" | "POST /api/auth/delete">(
    endpoint: E,
    params: ParamsOf<Endpoints[E]>,
  ): Promise<void> {
    const ended = this.request(endpoint, params).then(() => this.close());
    const ending = ended.catch(() => undefined);
    this.#ending = ending;
    try {
      await ended;
    } finally {
      if (this.#ending === ending) this.#ending = undefined;
    }
  }

  /**
   * Returns a valid access token, or a new one with `anew`. Throws when there is none. When the server has ended the
   * session, it calls `onEnded` before.
   */
  async token(anew = false): Promise<string> {
    await this.#ending;
    const current = this.#current;
    if (!current) throw signedOutError();
    if (!anew && current.expiresAt - Date.now() > RENEW_PAUSE_MS) return current.accessToken;
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

  /** Replaces the profile by a newer one from the server. */
  updateUser(user: Profile): void {
    if (this.#current) this.#current = { ...this.#current, user };
  }

  /** Forgets the session without ending it on the server. */
  close(): void {
    clearTimeout(this.#renewalTimer);
    this.#renewing = undefined; // a renewal that is under way is not for the next session
    this.#current = undefined;
    this.#failures = 0;
  }

  #startSession(response: unknown): string {
    const { user, accessToken, expiresIn, refreshToken } = response as Omit<SignedIn, "refreshToken"> & {
      refreshToken?: string;
    };
    this.#current = { user, accessToken, expiresAt: Date.now() + expiresIn * 1000, refreshToken };
    this.#failures = 0;
    this.#renewIn(Math.max(expiresIn * 1000 - this.#options.renewBeforeMs, RENEW_PAUSE_MS));
    this.#options.onToken(accessToken);
    return accessToken;
  }

  #renewIn(milliseconds: number): void {
    clearTimeout(this.#renewalTimer);
    this.#renewalTimer = setTimeout(() => {
      this.token(true).catch((error: unknown) => {
        if (this.#current) this.#renewIn(waitFor(error, this.#failures++, this.#options.backoff));
      });
    }, milliseconds);
  }

  #renew(): Promise<string> {
    if (this.#renewing) return this.#renewing;
    const refreshToken = this.#current?.refreshToken;
    const renewing = requestJson(
      this.#prepare("POST /api/auth/refresh", refreshToken === undefined ? {} : { refreshToken }),
    )
      .then((response) => {
        if (this.#renewing !== renewing) throw signedOutError();
        return this.#startSession(response);
      })
      .finally(() => {
        if (this.#renewing === renewing) this.#renewing = undefined;
      });
    this.#renewing = renewing;
    return renewing;
  }

  /** Makes a request, and once more with a new access token if that of the first one is refused. */
  async #asUser<T>(request: (accessToken?: string) => Promise<T>): Promise<T> {
    try {
      return await request(this.#current?.accessToken);
    } catch (error) {
      if (!isUnauthorized(error) || !this.#current) throw error;
      return request(await this.#renew());
    }
  }

  #prepare(endpoint: keyof Endpoints, params: object, accessToken?: string): HttpRequest {
    const [method = "", template = ""] = endpoint.split(" ");
    const { path, rest } = fillPath(template, params as Record<string, unknown>);
    const { url: origin, fetch } = this.#options;
    const token = accessToken === undefined ? {} : { accessToken };
    if (!BODILESS.has(method)) return { method, url: origin + path, body: rest, ...token, fetch };
    const query = new URLSearchParams(Object.entries(rest).map(([name, value]) => [name, String(value)])).toString();
    return { method, url: origin + path + (query === "" ? "" : `?${query}`), ...token, fetch };
  }
}

/** Methods of requests without a body (RFC 9110 9.3.1, 9.3.5): their parameters are in path and query. */
const BODILESS: ReadonlySet<string> = new Set(["GET", "DELETE"]);

/** The error of a call for which a user has to be signed in. */
export function signedOutError(): RequestError {
  return new RequestError("SIGN_IN", "Sign in again.", { status: 401 });
}
