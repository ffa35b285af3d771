/** A site behind Access for tests: its origin returns the headers that it got, and a browser that signs in. */
import type { Edge } from "../../../../infra/local/edge/index.ts";
import { HOST, type Reply, TestSite } from "../edge/test-site.ts";

export const TEAM = "causeway.cloudflareaccess.com";
const LOCAL_TEAM = "causeway.cloudflareaccess.localhost";

interface Policy {
  readonly id: string;
}

export class AccessSite {
  readonly site: TestSite;
  /** Milliseconds since 1970; the edge's clock. */
  readonly clock: { now: number };

  private constructor(site: TestSite, clock: { now: number }) {
    this.site = site;
    this.clock = clock;
  }

  static async build(): Promise<AccessSite> {
    const clock = { now: Date.now() };
    const site = await TestSite.build(
      (request, response) => response.end(JSON.stringify({ url: request.url, headers: request.headers })),
      { edge: { clock: () => clock.now } },
    );
    return new AccessSite(site, clock);
  }

  get edge(): Edge {
    return this.site.edge;
  }

  get base(): string {
    return `/accounts/${this.site.api.accountId}/access`;
  }

  /** Host and port of the site, as a browser writes it. */
  get authority(): string {
    return `${HOST}:${this.edge.port}`;
  }

  async policy(body: object): Promise<Policy> {
    const made = await this.site.call("POST", `${this.base}/policies`, { name: "p", ...body });
    return made as Policy;
  }

  /** Makes an application with these policies. */
  async app(domain: string, policies: readonly object[], more: object = {}): Promise<{ id: string; aud: string }> {
    const links = [];
    for (const [index, body] of policies.entries())
      links.push({ id: (await this.policy(body)).id, precedence: index + 1 });
    const body = { name: "admin", type: "self_hosted", domain, policies: links, ...more };
    return (await this.site.call("POST", `${this.base}/apps`, body)) as { id: string; aud: string };
  }

  async serviceToken(body: object = {}): Promise<{ id: string; client_id: string; client_secret: string }> {
    const made = await this.site.call("POST", `${this.base}/service_tokens`, { name: `t${Math.random()}`, ...body });
    return made as { id: string; client_id: string; client_secret: string };
  }

  /** Takes away all applications, policies and tokens. */
  async clear(): Promise<void> {
    for (const kind of ["apps", "policies", "service_tokens"]) {
      const list = (await this.site.call("GET", `${this.base}/${kind}?per_page=1000`)) as { id: string }[];
      for (const { id } of list) await this.site.call("DELETE", `${this.base}/${kind}/${id}`);
    }
    await this.site.call("PUT", `${this.base}/organizations`, {
      deny_unmatched_requests: false,
      deny_unmatched_requests_exempted_zone_names: [],
    });
    this.site.records.length = 0;
  }

  get(path: string, headers: Record<string, string | string[]> = {}, more: object = {}): Promise<Reply> {
    return this.site.get(path, { host: this.authority, headers, ...more });
  }

  /** Follows a redirect to the login page. */
  async loginPage(path = "/admin"): Promise<{ at: URL; cookie: string; meta: string; page: Reply }> {
    const redirect = await this.get(path);
    const at = new URL(redirect.headers.location ?? "");
    const cookie = cookieOf(redirect, "CF_AppSession");
    const page = await this.site.get(at.pathname + at.search, { host: at.host });
    return { at, cookie, meta: at.searchParams.get("meta") ?? "", page };
  }

  /** Sends the form of the login page. */
  submit(at: URL, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Reply> {
    const type = { "content-type": "application/x-www-form-urlencoded" };
    const body = new URLSearchParams(fields).toString();
    return this.site.get(at.pathname + at.search, {
      host: at.host,
      method: "POST",
      body,
      headers: { ...type, ...headers },
    });
  }

  /** Signs in as a browser does, and returns the cookie of the session. */
  async signIn(email: string, path = "/admin"): Promise<string> {
    const { at, cookie, meta } = await this.loginPage(path);
    const submitted = await this.submit(at, { meta, email });
    if (submitted.status !== 302) throw new Error(`the login was refused: ${submitted.status} ${submitted.body}`);
    const back = new URL(submitted.headers.location ?? "");
    const done = await this.get(back.pathname + back.search, { cookie: `CF_AppSession=${cookie}` });
    return `CF_Authorization=${cookieOf(done, "CF_Authorization")}`;
  }

  close(): Promise<void> {
    return this.site.close();
  }
}

export const isLocalTeam = (url: URL): boolean => url.hostname === LOCAL_TEAM;

export function cookieOf({ headers }: Reply, name: string): string {
  const line = headers["set-cookie"]?.find((one) => one.startsWith(`${name}=`));
  return line?.slice(name.length + 1).split(";")[0] ?? "";
}

/** The header of the assertion that the origin got; undefined where it got none. */
export const assertionOf = ({ body }: Reply): string | undefined =>
  (JSON.parse(body) as { headers: Record<string, string> }).headers["cf-access-jwt-assertion"];

/** Changes one part of a token. */
export function forged(token: string, part: 0 | 1, change: (value: Record<string, unknown>) => object): string {
  const parts = token.split(".");
  const value = JSON.parse(Buffer.from(parts[part] ?? "", "base64url").toString());
  parts[part] = Buffer.from(JSON.stringify(change(value))).toString("base64url");
  return parts.join(".");
}
