import type { Example, PolicyRule, RuleContext } from "../rule.ts";
import { samplePath } from "../surface.ts";

/** What is not redirected to TLS (`redirects/to-https.ts`) has sent its password or token in clear already. */
export const plainHttp = ({ surface }: RuleContext): PolicyRule => {
  const [page = "/"] = surface.assets;
  return {
    ref: "plain_http",
    description: "Block plain HTTP that is not redirected: passwords and tokens travel encrypted or not at all",
    when: "not ssl",
    action: "block",
    examples: {
      match: [
        `GET http://{host}${surface.socketPath}`,
        `POST http://{host}${page}`,
        ...surface.http.map(({ method, path }): Example => `${method} http://{host}${samplePath(path)}`),
      ],
      pass: [`GET ${surface.socketPath}`, `GET ${page}`],
    },
  };
};
