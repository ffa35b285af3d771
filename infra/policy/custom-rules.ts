import { roomBesideGuard } from "./hostnames.ts";
import { notInSurface } from "./not-in-surface.ts";
import type { Example, PolicyRule } from "./rule.ts";
import { isScannerPath } from "./scanner-paths.ts";
import type { Site } from "./site.ts";
import type { Surface } from "./surface.ts";

/**
 * WAF custom rules, in order: the first one that blocks decides (https://developers.cloudflare.com/waf/custom-rules/). Free has
 * room for five. Add yours above or below; the guard by hostname is added to each. `README.md` says how to prove a rule.
 */
export function customRules(site: Site, surface: Surface): readonly PolicyRule[] {
  const [page = "/"] = surface.assets;
  return [
    {
      ref: "scanner_paths",
      description: "Block paths that only scanners ask for",
      when: isScannerPath(surface),
      action: "block",
      examples: {
        match: ["GET /.env", "GET /.git/config", "POST /wp-login.php", "GET /WordPress/readme.html", "GET /backup.SQL"],
        pass: [`GET ${page}`, "GET /environment", "GET /blog/git"],
      },
    },
    {
      ref: "plain_http",
      description: "Block plain HTTP that is not redirected: passwords and tokens travel encrypted or not at all",
      when: "not ssl",
      action: "block",
      examples: {
        match: [
          `GET http://${site.hostnames[0]}${surface.socketPath}`,
          `POST http://${site.hostnames[0]}${page}`,
          ...surface.http.map(({ method, path }): Example => `${method} http://${site.hostnames[0]}${path}`),
        ],
        pass: [`GET ${surface.socketPath}`, `GET ${page}`],
      },
    },
    {
      ref: "not_in_surface",
      description: "Block paths and methods that the backend does not have (backend/surface.ts)",
      when: notInSurface(surface, roomBesideGuard(site)).when,
      action: "block",
      examples: {
        match: [
          "GET /api/debug",
          `GET ${page}index.html`,
          `DELETE ${page}`,
          `POST ${surface.socketPath}`,
          `GET ${surface.socketPath}x`,
          ...surface.http.map(({ path }): Example => `PROPFIND ${path}`),
          ...surface.http.map(({ method, path }): Example => `${method} ${path}/`),
        ],
        pass: [
          `GET ${surface.socketPath}?EIO=4&transport=websocket`,
          `GET https://${site.hostnames[0]}:8443${page}`,
          ...surface.http.map(({ method, path }): Example => `${method} ${path}`),
          ...surface.assets.flatMap((path): Example[] => [`GET ${path}`, `HEAD ${path}?v=1`]),
        ],
      },
    },
  ];
}
