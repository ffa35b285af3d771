import { expect, test } from "@jest/globals";
import Cloudflare from "cloudflare";
import { ownerMark } from "../../../infra/policy/index.ts";
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

/** The API with what it responds to dry runs changed on the way. */
const behind = (change: (url: string, init: RequestInit | undefined) => Promise<Response>) =>
  new Cloudflare({
    apiToken: api.token,
    baseURL: api.url,
    logLevel: "off",
    maxRetries: 0,
    fetch: (url, init) => (String(url).includes("dry_run") ? change(String(url), init) : fetch(url, init)),
  });
const failed = (status: number, message: string) =>
  Response.json({ success: false, errors: [{ code: 10014, message }], messages: [], result: null }, { status });

test("F12: a response without success is no acceptance, whatever its status", async () => {
  await start();
  const cloudflare = behind(async () => failed(200, "Authentication error"));
  await expect(preflight(cloudflare, site, {})).rejects.toMatchObject({
    obstacles: expect.arrayContaining([
      expect.objectContaining({ code: "api_error", found: expect.stringContaining("Authentication error") }),
    ]),
  });
});

test("F12: an API that refuses the parameter is told as one without dry runs", async () => {
  await start();
  const cloudflare = behind(async () => failed(400, "unknown query parameter dry_run\u001b[31m"));
  const error = await preflight(cloudflare, site, {}).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    obstacles: [{ code: "no_dry_runs" }],
  });
  expect(String(error)).not.toContain("would refuse the rules");
  expect(String(error)).not.toContain("\u001b");
});

test.each([false, true])(
  "F12: an API that writes and responds as after a dry run is found out (exists: %s)",
  async (exists) => {
    await start();
    const cloudflare = behind(async (url, init) => {
      const response = await fetch(url.replace("dry_run=true", ""), init);
      expect(response.status).toBe(200);
      return Response.json({ success: true, errors: [], messages: [], result: null });
    });
    if (exists) {
      const ruleset = { phase: "http_request_dynamic_redirect", kind: "zone", name: "causeway redirects" };
      await client(api.token).post(zone(), { body: { ...ruleset, description: ownerMark(site), rules: [] } });
    }
    const before = api.journal.length;
    await expect(preflight(cloudflare, site, {})).rejects.toThrow(DryRunIgnoredError);
    expect(api.journal.slice(before).filter(({ method }) => method !== "GET")).toHaveLength(1);
  },
);

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
