import { and, oneOf } from "./expression.ts";
import { HOST, roomBesideGuard } from "./hostnames.ts";
import { METHOD } from "./not-in-surface.ts";
import { anyOfPaths } from "./paths.ts";
import type { Example, PolicyRule } from "./rule.ts";
import type { Site } from "./site.ts";
import { pagePaths, type Surface } from "./surface.ts";

/**
 * Single redirects (https://developers.cloudflare.com/rules/url-forwarding/single-redirects/), which run before every custom rule:
 * whoever types http:// is led to the page over TLS. Only the page is, and only what a browser fetches without being asked for
 * a secret. What else comes over plain HTTP has sent its password or token in clear already; a redirect would make that work and
 * hide it, so the custom rule `plain_http` blocks it. None where the page's paths do not fit an expression: then that rule
 * blocks them as well.
 */
export function redirects(site: Site, surface: Surface): readonly PolicyRule[] {
  const pages = pagePaths(surface);
  const [page] = pages;
  // exactly: a port stands for another listener, and no origin answers to a name with a dot at its end
  const when = and("not ssl", oneOf(METHOD, ["GET", "HEAD"]), oneOf(HOST, site.hostnames), anyOfPaths(pages));
  if (page === undefined || when.length > roomBesideGuard(site)) return [];
  const plain = `http://${site.hostnames[0]}`;
  return [
    {
      ref: "to_https",
      description: "Lead the page to https:// where somebody asks for it over plain HTTP",
      when,
      action: "redirect",
      action_parameters: {
        from_value: {
          target_url: { expression: 'concat("https://", http.host, http.request.uri.path)' },
          // permanent; 308 differs for methods that are not redirected here, and fewer clients know it
          status_code: 301,
          preserve_query_string: true,
        },
      },
      examples: {
        match: [
          `GET ${plain}${page}?from=a-link`,
          ...site.hostnames.flatMap((hostname) => pages.map((path): Example => `HEAD http://${hostname}${path}`)),
        ],
        pass: [
          `GET ${page}`,
          `POST ${plain}${page}`,
          `GET ${plain}:8080${page}`,
          `GET ${plain}${surface.socketPath}`,
          ...surface.http.map(({ method, path }): Example => `${method} ${plain}${path}`),
        ],
      },
    },
  ];
}
