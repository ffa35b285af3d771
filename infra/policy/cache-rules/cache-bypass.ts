import { ALWAYS, not } from "../expression.ts";
import { maxConditionLength } from "../hostnames.ts";
import { onBackend } from "../on-backend.ts";
import { anyOfPaths } from "../paths.ts";
import type { Example, PolicyRule, RuleContext } from "../rule.ts";
import { pagePaths, samplePath } from "../surface.ts";

/**
 * Only the page's assets may be cached. Everything else passes by, whatever its name ends with, so that no response
 * meant for one caller can be stored for others.
 */
export const cacheBypass = ({ site, surface }: RuleContext): PolicyRule => {
  const cacheable = pagePaths(surface);
  const exact = not(anyOfPaths(cacheable));
  return {
    ref: "cache_bypass",
    description: "Never cache API and socket answers: only the page's assets may be",
    when: exact.length <= maxConditionLength(onBackend(site)) ? exact : ALWAYS,
    action: "set_cache_settings",
    action_parameters: { cache: false },
    examples: {
      match: [
        `GET ${surface.socketPath}`,
        ...surface.http.flatMap(({ method, path }): Example[] => [
          `${method} ${samplePath(path)}`,
          `GET ${samplePath(path)}/photo.jpg`,
        ]),
      ],
      pass: [`GET ${cacheable[0] ?? "/"}`, ...cacheable.slice(1).map((path): Example => `GET ${path}`)],
    },
  };
};
