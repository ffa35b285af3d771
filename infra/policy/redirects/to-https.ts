import { and, oneOf } from "../expression.ts";
import { boundHostnames, isExactly, maxConditionLength, onHostnames } from "../hostnames.ts";
import { anyOfPaths } from "../paths.ts";
import type { Example, PolicyRule, RuleContext } from "../rule.ts";
import { pagePaths, samplePath } from "../surface.ts";
import { METHOD } from "../unknown-requests.ts";

/**
 * A browser that requests the page over http:// is redirected to the page over TLS. Only the page is, and only what a
 * browser fetches without a secret: any other request over plain HTTP has sent its password or token in clear already.
 * A redirect would make that work and hide it, so the custom rule `plain_http` blocks it. No rule where the page's
 * paths do not fit an expression: then `plain_http` blocks them as well.
 */
export const toHttps = ({ site, surface }: RuleContext): PolicyRule | undefined => {
  const pages = pagePaths(surface);
  const [page] = pages;
  const names = boundHostnames(site);
  // compared whole: a port is another listener, and no origin serves a name that ends with a dot
  const when = and("not ssl", oneOf(METHOD, ["GET", "HEAD"]), isExactly(names), anyOfPaths(pages));
  if (page === undefined || when.length > maxConditionLength(onHostnames(names))) return undefined;
  return {
    ref: "to_https",
    description: "Redirect requests for the page from plain HTTP to https://",
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
        `GET http://{host}${page}?from=a-link`,
        ...names
          .map((name) => name.replace("*", "7"))
          .flatMap((hostname) => pages.map((path): Example => `HEAD http://${hostname}${path}`)),
      ],
      pass: [
        `GET ${page}`,
        `POST http://{host}${page}`,
        `GET http://{host}:8080${page}`,
        `GET http://{host}${surface.socketPath}`,
        ...surface.http.map(({ method, path }): Example => `${method} http://{host}${samplePath(path)}`),
      ],
    },
  };
};
