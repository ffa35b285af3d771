import { ASSERTION_HEADER, checkAssertion, TeamCertificates } from "../../../../backend/assertions/index.ts";
import type { HeaderLine } from "../wire/response-headers.ts";
import { comparableName } from "./comparable-name.ts";
import type { RequiredAccess } from "./ingress.ts";

/** Milliseconds between two lines about refused assertions. */
const LINE_INTERVAL_MS = 1_000;

/**
 * Checks the assertions of Access that ingress rules require, as cloudflared does (ingress/middleware/jwtvalidator.go).
 */
export class AccessFilter {
  readonly #url: URL | undefined;
  readonly #log: (line: string) => void;
  #teams: ReadonlyMap<string, TeamCertificates> = new Map();
  #toldAt = Number.NEGATIVE_INFINITY;

  /** `url` is where the certificates of every team are; Cloudflare's path of the team when undefined. */
  constructor(url: URL | undefined, log: (line: string) => void) {
    this.#url = url;
    this.#log = log;
  }

  /** Sets the teams of the rules. The certificates of a team that stays are kept. */
  setTeams(names: readonly string[]): void {
    const make = (name: string) => new TeamCertificates(name, { url: this.#url, log: this.#log });
    this.#teams = new Map(names.map((name) => [name, this.#teams.get(name) ?? make(name)]));
  }

  /**
   * The status that refuses a request, or the header lines that its origin gets. As in cloudflared, an assertion that
   * is missing or for another application is 403, and one that cannot be checked 502.
   *
   * It is stricter than cloudflared, which reads the first header of this name and passes everything on. A second one
   * is refused, and one that some origins take for it, as `cf_access_jwt_assertion`: an origin might read that one.
   * Other headers of Access are dropped. Cloudflare's edge sets some of them, such as
   * `Cf-Access-Authenticated-User-Email`, and nothing in them can be checked here.
   */
  async check(
    { team, audiences }: RequiredAccess,
    headers: readonly HeaderLine[],
  ): Promise<{ readonly refusal: 403 | 502 } | { readonly headers: readonly HeaderLine[] }> {
    const certificates = this.#teams.get(team);
    const given = headers.filter(([name]) => comparableName(name) === ASSERTION_HEADER);
    if (certificates === undefined || given.length > 1 || given.some(([name]) => name !== ASSERTION_HEADER)) {
      return { refusal: 403 };
    }
    const checked = await checkAssertion(given[0]?.[1], certificates, audiences);
    if (checked.kind === "accepted") {
      const isOther = (name: string) => name !== ASSERTION_HEADER && comparableName(name).startsWith("cf-access-");
      return { headers: headers.filter(([name]) => !isOther(name)) };
    }
    this.#tell(checked.reason);
    return { refusal: checked.kind === "missing" || checked.kind === "foreign-audience" ? 403 : 502 };
  }

  #tell(reason: string): void {
    const now = performance.now();
    if (now - this.#toldAt < LINE_INTERVAL_MS) return;
    this.#toldAt = now;
    this.#log(`A request was refused by its Access assertion: ${reason}`);
  }
}
