/** What the site's process and the process of a backend send each other. */

/** To the backend's process. Each is a step that it reports on when it is done. */
export interface BackendOrder {
  /**
   * `start`: starts the program that is loaded, also after `stop`. `build page`: builds the page as it is on the disk,
   * and serves it. `stop`: ends the program in order; the process stays. `end`: stops it where it runs, and ends the
   * process.
   */
  readonly order: "start" | "build page" | "stop" | "end";
}

/** What of a running backend the site's process shows and uses. */
export interface StartedBackend {
  /** Where it listens: a port that only the site's process uses. */
  readonly url: string;
  readonly setupPath: string | undefined;
  readonly outbox: string | undefined;
}

/** From the backend's process. */
export type BackendReport =
  /** The program is loaded and the page is built. `pageVersion` differs where a file of the page differs. */
  | { readonly kind: "loaded"; readonly pageVersion: string }
  | ({ readonly kind: "started" } & StartedBackend)
  /** Another page is served. */
  | { readonly kind: "page built"; readonly pageVersion: string }
  | { readonly kind: "stopped" }
  /** An order could not be carried out, or the program could not be loaded; with file and line where they are known. */
  | { readonly kind: "problem"; readonly message: string }
  /** It runs, and has to end, for example because its database was deleted. */
  | { readonly kind: "failed"; readonly message: string };
