import { PassThrough } from "node:stream";

/**
 * The request as moleculer-web sees it, and the stream that the action gets: what the gateway has checked, and nothing
 * else that the client has sent. No header with a credential, no path that moleculer-web would read in another way.
 */
export class WebRequest<Run> extends PassThrough {
  /** The request's own path is resolved already; moleculer-web finds the action by its name. */
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** moleculer-web would read it from the path, and merges it over what comes in a body. */
  readonly query = {};
  /** The gateway's side of this request. */
  readonly run: Run;
  /** What the action gets; moleculer-web makes its own out of body, query and path, and the gateway replaces it. */
  $params: object = {};

  constructor(run: Run, of: { readonly method: string; readonly action: string; readonly etag: string | undefined }) {
    super();
    this.run = run;
    this.method = of.method;
    this.url = aliasPath(of.action);
    this.headers = of.etag === undefined ? {} : { "if-none-match": of.etag };
  }
}

/** Path of moleculer-web's alias for an action. */
export function aliasPath(action: string): string {
  return `/${action}`;
}
