import { expect, test } from "@jest/globals";
import Cloudflare from "cloudflare";
import { DryRunIgnoredError, preflight } from "../../../infra/preflight/index.ts";
import { rulesetBody } from "../../../infra/resources/compile.ts";
import { api, client, obstaclesOf, setUp, site, start } from "./account-stage.ts";
import { OFFICE, withLists } from "./with-lists.ts";

const CUSTOM = "http_request_firewall_custom";
const dryRuns = () =>
  api.journal.filter(({ dryRun }) => dryRun).map(({ method, body }) => ({ method, ...(body as Body) }));
interface Body {
  readonly phase: string;
  readonly rules: readonly { readonly ref: string; readonly expression: string }[];
}
const zone = () => `/zones/${api.zoneId}/rulesets`;

test("rulesets that are to be made or changed are tried one after the other, those that stay are not", async () => {
  const cloudflare = await start();
  const { policy } = await preflight(cloudflare, site, {});
  expect(dryRuns().map(({ method, phase }) => `${method} ${phase}`)).toEqual(
    policy.rulesets.map(({ phase }) => `POST ${phase}`),
  );
  for (const ruleset of policy.rulesets) await cloudflare.post(zone(), { body: rulesetBody(ruleset, site) });
  const tried = dryRuns().length;
  await preflight(cloudflare, site, {});
  expect(dryRuns().slice(tried)).toEqual([]);

  const custom = api.cloud.zoneOf("example.com")?.rulesets.find(({ phase }) => phase === CUSTOM);
  await cloudflare.put(`${zone()}/${custom?.id}`, {
    body: { description: custom?.description, rules: custom?.rules.slice(1) },
  });
  await preflight(cloudflare, site, {});
  expect(dryRuns().slice(tried)).toMatchObject([
    { method: "PUT", phase: CUSTOM, rules: custom?.rules.map(({ ref }) => ({ ref })) },
  ]);
});

test("what Cloudflare would refuse is an obstacle that names the rule and its file", async () => {
  const cloudflare = await start();
  const refusal = { status: 400, code: 20127, message: "expression size 4097 exceeded maximum 4096" };
  api.faults.next({ method: "POST", path: /dry_run=true/, after: 1 }, { ...refusal, pointer: "/rules/1/expression" });
  await expect(preflight(cloudflare, site, {}, { run: "preview" })).rejects.toMatchObject({
    obstacles: [
      {
        code: "ruleset_refused",
        found:
          "Cloudflare would refuse the rules of http_request_firewall_custom: rule plain_http in infra/policy/custom-rules/plain-http.ts: " +
          "20127 expression size 4097 exceeded maximum 4096 (/rules/1/expression)",
      },
    ],
  });
});

test("a token that only reads may preview, with a warning; `up` stops before anything is written", async () => {
  await start();
  const reads = ["Zone Read", "DNS Write", "Zone WAF Read", "Cache Settings Write"] as const;
  const token = api.issueToken([...reads, "Dynamic URL Redirects Write", "Cloudflare Tunnel Write"]);
  const { warnings } = await preflight(client(token), site, {}, { run: "preview" });
  expect(warnings).toEqual(
    [CUSTOM, "http_ratelimit"].map((phase) =>
      expect.stringMatching(
        `^Whether Cloudflare would accept the rules of ${phase} is not known: the API token may not write the rules of ${phase} .*"Zone WAF Write"`,
      ),
    ),
  );
  await expect(preflight(client(token), site, {}, { run: "up" })).rejects.toMatchObject({
    obstacles: [{ code: "permission" }, { code: "permission" }],
  });
  expect(api.cloud.zoneOf("example.com")?.rulesets).toEqual([]);
});

test("an API that does not know dry runs stops the run at the first one, and says what it may have written", async () => {
  await start();
  const cloudflare = new Cloudflare({
    apiToken: api.token,
    baseURL: api.url,
    logLevel: "off",
    fetch: (url, init) => fetch(String(url).replace("dry_run=true", ""), init),
  });
  const run = preflight(cloudflare, site, {});
  await expect(run).rejects.toThrow(DryRunIgnoredError);
  await expect(run).rejects.toThrow(
    /does not know dry runs: it responded to "POST .*rulesets\?dry_run=true" with a result.*may have written the rules of http_request_dynamic_redirect/,
  );
  expect(api.journal.filter(({ method }) => method !== "GET")).toHaveLength(1);
});

test("no dry run is sent while something else is in the way", async () => {
  const cloudflare = await start();
  await setUp(() => cloudflare.post(zone(), { body: { kind: "zone", name: "a", phase: CUSTOM, rules: [] } }));
  expect(await obstaclesOf(cloudflare)).toMatchObject([{ code: "entrypoint_taken" }]);
  expect(dryRuns()).toEqual([]);
});

test("A3: a list that the same run makes is no obstacle: a value of its kind is tried in its place", async () => {
  const cloudflare = await start();
  const expression = 'http.host eq "$office" or not ip.src in $office';
  // its examples are not about this expression
  const options = { policyOf: withLists([OFFICE], { expression }), unproved: true };
  await preflight(cloudflare, site, {}, options);
  const expressionOf = () =>
    dryRuns()
      .findLast(({ phase }) => phase === CUSTOM)
      ?.rules.at(-1)?.expression;
  expect(expressionOf()).toBe('http.host eq "$office" or not ip.src eq ::');
  const { id } = await cloudflare.rules.lists.create({ account_id: api.accountId, name: "office", kind: "ip" });
  await preflight(cloudflare, site, { "list:office": id }, options);
  expect(expressionOf()).toBe('http.host eq "$office" or not ip.src in $office');
});
