import { PassThrough } from "node:stream";

/**
 * The request that moleculer-web gets, and the stream that the action gets. It has only what the gateway has checked:
 * no header with a credential, and no path that moleculer-web could read in another way.
 */
export class WebRequest<Run> extends PassThrough {
  /** Not the path of the client's request: moleculer-web finds the action by `aliasPath`. */
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty: moleculer-web would read the query itself, and let it replace parameters of the body. */
  readonly query = {};
  /** The run that this request belongs to. */
  readonly run: Run;
  /** The parameters of the action. moleculer-web sets its own, which the gateway replaces. */
  $params: object = {};

  constructor(run: Run, of: { readonly method: string; readonly action: string; readonly etag: string | undefined }) {
    super();
    this.run = run;
    this.method = of.method;
    this.url = aliasPath(of.action);
    this.headers = of.etag === undefined ? {} : { "if-none-match": of.etag };
  }
}

/** The path under which moleculer-web finds an action. */
export function aliasPath(action: string): string {
  return `/${action}`;
}
