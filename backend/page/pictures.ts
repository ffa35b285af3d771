import { RequestError, type SiteClient } from "../client/index.ts";

/** Milliseconds for which users are collected before one call reads their pictures. */
const COLLECT_MS = 50;
/** Milliseconds after which the client checks again whether a user has another picture. */
const STALE_AFTER_MS = 5 * 60_000;
/** Maximum number of users in one call. */
const MAX_USERS = 50;
/** Maximum number of pictures that are kept: each takes 256 KiB at most. */
const MAX_KEPT = 200;

interface KnownPicture {
  /** Null when the user has none. */
  readonly hash: string | null;
  /** Object URL of its bytes. */
  readonly url: string | undefined;
  /** Milliseconds since 1970. */
  readonly askedAt: number;
}

/** The pictures of users, as far as the page shows them. */
export class Pictures {
  readonly #client: SiteClient;
  readonly #listeners: (() => void)[] = [];
  /** The pictures by user id, the one that was shown last at the end. */
  readonly #pictures = new Map<string, KnownPicture>();
  #toRead = new Set<string>();
  #readTimer: ReturnType<typeof setTimeout> | undefined;
  /** Grows with each `clear`: the response to an earlier request is ignored. */
  #session = 0;

  constructor(client: SiteClient) {
    this.#client = client;
  }

  /** Calls `listener` when a picture has arrived or is no longer there. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** The address of a user's picture; undefined when there is none, or while it is loaded. */
  urlOf(user: string): string | undefined {
    const picture = this.#pictures.get(user);
    if (!picture || Date.now() - picture.askedAt > STALE_AFTER_MS) this.#readSoon(user);
    if (picture) this.#keep(user, picture);
    return picture?.url;
  }

  /** Sets the user's own picture. Throws a `RequestError`. */
  async set(file: File): Promise<void> {
    await this.#client.setPicture(new Uint8Array(await file.arrayBuffer()));
    await this.#readOwn();
  }

  /** Removes the user's own picture. Throws a `RequestError`. */
  async remove(): Promise<void> {
    await this.#client.request("DELETE /api/users/me/picture", {});
    await this.#readOwn();
  }

  /** Forgets all pictures. */
  clear(): void {
    this.#session += 1;
    clearTimeout(this.#readTimer);
    this.#readTimer = undefined;
    this.#toRead.clear();
    for (const user of [...this.#pictures.keys()]) this.#forget(user);
  }

  async #readOwn(): Promise<void> {
    const { user } = this.#client;
    if (user) await this.#read([user.id]);
  }

  #readSoon(user: string): void {
    this.#toRead.add(user);
    this.#readTimer ??= setTimeout(() => void this.#readWanted(), COLLECT_MS);
  }

  async #readWanted(): Promise<void> {
    const users = [...this.#toRead];
    this.#toRead = new Set(users.slice(MAX_USERS));
    try {
      await this.#read(users.slice(0, MAX_USERS));
    } catch (error) {
      // without a connection, they are read when they are shown the next time
      if (!(error instanceof RequestError)) throw error;
    }
    this.#readTimer = undefined;
    const [next] = this.#toRead;
    if (next !== undefined) this.#readSoon(next);
  }

  async #read(users: readonly string[]): Promise<void> {
    const session = this.#session;
    const { pictures } = await this.#client.call("users.pictures", { users });
    const hashes = new Map(pictures.map(({ id, picture }) => [id, picture]));
    for (const user of users) {
      const hash = hashes.get(user) ?? null;
      const known = this.#pictures.get(user);
      const url = known?.hash === hash ? known.url : await this.#load(user, hash);
      if (session !== this.#session) return url === undefined ? undefined : URL.revokeObjectURL(url);
      if (known?.url !== url) this.#forget(user);
      this.#keep(user, { hash, url, askedAt: Date.now() });
      if (known?.url !== url) for (const listener of this.#listeners) listener();
    }
  }

  async #load(user: string, hash: string | null): Promise<string | undefined> {
    if (hash === null) return undefined;
    try {
      return URL.createObjectURL(await this.#client.picture(user, hash));
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      return undefined; // the picture was just replaced or removed
    }
  }

  #keep(user: string, picture: KnownPicture): void {
    this.#pictures.delete(user);
    this.#pictures.set(user, picture);
    const [oldest] = this.#pictures.keys();
    if (this.#pictures.size > MAX_KEPT && oldest !== undefined) this.#forget(oldest);
  }

  #forget(user: string): void {
    const url = this.#pictures.get(user)?.url;
    if (url !== undefined) URL.revokeObjectURL(url);
    this.#pictures.delete(user);
  }
}
