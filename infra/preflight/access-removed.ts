/** Applications of the stack that the run would delete or narrow although their hostnames stay: what opens by that. */
import { hasPath, siteHostnames } from "../policy/without-rules.ts";
import type { Obstacle } from "./obstacle.ts";
import { ownAccess } from "./own-access.ts";
import type { PreflightFinding, Search } from "./place.ts";

/** An application as the account has it. */
export interface DeployedApp {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  /** What it covers: hostnames with paths, perhaps with wildcards. */
  readonly uris: readonly string[];
}

/** Environment variable that names the places which one run may open, separated by commas. */
const OPENS = "CAUSEWAY_OPENS";

/** Whether the stack's state has an application, so that a run could delete it. */
export const hasDeployedApps = ({ known }: Pick<Search, "known">): boolean => ownAccess(known, "app").size > 0;

/**
 * An obstacle for each place that an application of the stack closes now, that none closes by the settings, and whose
 * hostname the stack serves further on: anyone would reach it. A warning where `opens` names the place. Who may enter
 * is not compared.
 */
export function removedAccess(
  { site, known, opens = [] }: Pick<Search, "site" | "known" | "opens">,
  apps: readonly DeployedApp[],
): Pick<PreflightFinding, "obstacles" | "warnings"> {
  const own = new Set(ownAccess(known, "app").values());
  const confirmed = new Set(opens.map(canonical));
  const places = apps
    .filter(({ id = "" }) => own.has(id))
    .flatMap(({ id, name = id, uris }) =>
      uris.flatMap((uri) => openedPlaces(site, canonical(uri)).map((place) => ({ place, name }))),
    );
  const first = places.filter(({ place }, index) => places.findIndex((one) => one.place === place) === index);
  const toConfirm = first.map(({ place }) => place).join(",");
  return {
    obstacles: first
      .filter(({ place }) => !confirmed.has(place))
      .map(({ place, name }): Obstacle => {
        const found =
          `the application "${name}" of this stack closes ${place}, and by \`causeway:access\` ` +
          "no application does any more";
        const fix =
          "Anyone would reach it. Put the application into `causeway:access` again, or take the hostname out too. To " +
          `open it, run the command once with ${OPENS}=${toConfirm} in its environment.`;
        return { code: "access_removed", found, fix };
      }),
    warnings: first
      .filter(({ place }) => confirmed.has(place))
      .map(({ place }) => `${OPENS}: Access does not protect ${place} any more. Anyone reaches it.`),
  };
}

/** Hostnames of the stack, with the path, that the destination covers and no application of the settings does. */
function openedPlaces(site: Search["site"], uri: string): readonly string[] {
  const [pattern = "", path = ""] = uri.split(/(?=\/)(.*)/s);
  const applications = site.access?.applications ?? [];
  return siteHostnames(site)
    .filter((hostname) => isHostLike(pattern, hostname))
    .filter(
      (hostname) =>
        !applications.some(
          (one) => one.hostname === hostname && (one.path === undefined || hasPath(one.path.toLowerCase(), path)),
        ),
    )
    .map((hostname) => `${hostname}${path}`);
}

/** A destination in one spelling. */
export const canonical = (uri: string): string => uri.toLowerCase().replace(/\/$/, "");

/** Whether a hostname with wildcards covers this one; `*` is a part of one label. */
export function isHostLike(pattern: string, hostname: string): boolean {
  const labels = pattern.split(".");
  const own = hostname.split(".");
  return labels.length === own.length && labels.every((label, index) => isLike(label, own[index] ?? ""));
}

function isLike(pattern: string, label: string): boolean {
  const [before = "", after] = pattern.split("*");
  if (after === undefined) return pattern === label;
  return label.length >= before.length + after.length && label.startsWith(before) && label.endsWith(after);
}
