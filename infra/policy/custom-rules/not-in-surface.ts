import { maxConditionLength } from "../hostnames.ts";
import { onBackend } from "../on-backend.ts";
import type { Example, PolicyRule, RuleContext } from "../rule.ts";
import { hasPath } from "../services.ts";
import { samplePath } from "../surface.ts";
import { unknownRequests } from "../unknown-requests.ts";

/**
 * The backend's surface, negated: what it does not declare does not reach it. A guest may have another surface, which
 * its own gateway holds requests against, and so has a service.
 */
export const notInSurface = ({ site, surface }: RuleContext): PolicyRule => {
  const [page = "/"] = surface.assets;
  const taken = site.services?.flatMap((service) => service.path ?? []) ?? [];
  return {
    ref: "not_in_surface",
    description: "Block paths and methods that the backend does not have (backend/surface.ts)",
    when: unknownRequests(surface, maxConditionLength(onBackend(site))).when,
    action: "block",
    guests: false,
    examples: {
      match: [
        `DELETE ${page}`,
        ...["/api/debug", `${page}index.html`]
          .filter((path) => !taken.some((prefix) => hasPath(prefix, path)))
          .map((path): Example => `GET ${path}`),
        `POST ${surface.socketPath}`,
        `GET ${surface.socketPath}x`,
        ...surface.http.map(({ path }): Example => `PROPFIND ${samplePath(path)}`),
        ...surface.http.map(({ method, path }): Example => `${method} ${samplePath(path)}/`),
      ],
      pass: [
        `GET ${surface.socketPath}?EIO=4&transport=websocket`,
        `GET https://{host}:8443${page}`,
        ...surface.http.map(({ method, path }): Example => `${method} ${samplePath(path)}`),
        ...surface.assets.flatMap((path): Example[] => [`GET ${path}`, `HEAD ${path}?v=1`]),
      ],
    },
  };
};
