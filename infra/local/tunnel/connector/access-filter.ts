import { ASSERTION_HEADER, checkAssertion, TeamCertificates } from "../../../../backend/assertions/index.ts";
import type { HeaderLine } from "../wire/response-headers.ts";
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
   * The status that refuses a request; undefined where it may pass. As in cloudflared, an assertion that is missing or
   * for another application is 403, and one that cannot be checked 502. Two headers are refused, of which cloudflared
   * reads the first: the origin might read the other one.
   */
  async refusalOf({ team, audiences }: RequiredAccess, headers: readonly HeaderLine[]): Promise<403 | 502 | undefined> {
    const certificates = this.#teams.get(team);
    const given = headers.filter(([name]) => name === ASSERTION_HEADER);
    if (certificates === undefined || given.length > 1) return 403;
    const checked = await checkAssertion(given[0]?.[1], certificates, audiences);
    if (checked.kind === "accepted") return undefined;
    this.#tell(checked.reason);
    return checked.kind === "missing" || checked.kind === "foreign-audience" ? 403 : 502;
  }

  #tell(reason: string): void {
    const now = performance.now();
    if (now - this.#toldAt < LINE_INTERVAL_MS) return;
    this.#toldAt = now;
    this.#log(`A request was refused by its Access assertion: ${reason}`);
  }
}
