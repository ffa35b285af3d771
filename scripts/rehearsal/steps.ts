/** The steps of a rehearsal, in their order. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { accountFor } from "../cloudflare-account/account.ts";
import { type StackTunnel, tunnelOf } from "../cloudflare-account/tunnel.ts";
import { rotateSecret } from "../stack-connectors/local-connectors.ts";
import { tokenFile, writeTokenFile } from "../stack-connectors/token-file.ts";
import { answeredNo, foreignConnectorsDown, killedUp, lostTunnel, replacedToken } from "./accidents.ts";
import {
  countBefore,
  difference,
  expectThat,
  failingUp,
  recordsAndRulesets,
  required,
  runWithCalls,
  snapshot,
  zoneOf,
} from "./observe.ts";
import { HOSTNAME, PROTECTED_HOSTNAME, SECOND_HOSTNAME, SERVICE_HOSTNAME } from "./site.ts";
import type { Stage } from "./stage.ts";
import type { Step, StepResults } from "./step.ts";
import { callOverSockets, registerUser, startTraffic, visit } from "./visitors.ts";

/** The phase in which the zone has a ruleset before the stack is deployed. */
const FIREWALL = "http_request_firewall_custom";
/** The expression of the rule in that ruleset. */
const BY_HAND = 'http.user_agent contains "by-hand"';

export const steps: readonly Step[] = [
  {
    name: "what was there before stops the run, and is adopted",
    async run(stage, scene) {
      const { zoneId } = stage.api;
      await stage.byHand("POST", `/zones/${zoneId}/dns_records`, {
        type: "CNAME",
        name: HOSTNAME,
        content: "elsewhere.example",
      });
      await stage.byHand("POST", `/zones/${zoneId}/rulesets`, {
        kind: "zone",
        name: "by hand",
        phase: FIREWALL,
        rules: [{ action: "block", expression: BY_HAND }],
      });
      scene.found = recordsAndRulesets(stage);
      const { run, writes } = await runWithCalls(stage, () => stage.pulumi("up", "--yes", "--skip-preview"));
      expectThat(run.code !== 0 && writes.length === 0, `the run did not stop at what was there:\n${run.text}`);
      const adopt = /causeway:adopt: (\{.*\})/.exec(run.text)?.[1];
      expectThat(adopt !== undefined, `it does not say how to adopt it:\n${run.text}`);
      await stage.pulumiOk("config", "set", "causeway:adopt", required(adopt));
      return "a record and a ruleset: the line that adopts them is printed, and is set";
    },
  },
  {
    name: "preview: nothing is touched",
    async run(stage) {
      const { run, writes } = await runWithCalls(stage, () => stage.pulumiOk("preview"));
      expectThat(writes.length === 0, `a preview wrote to the API: ${writes.join(", ")}`);
      return `${countBefore(run, "to create")} to create, ${countBefore(run, "to import")} to import, only reads`;
    },
  },
  killedUp,
  lostTunnel,
  {
    name: "the stack is whole",
    async run(stage) {
      const { rulesets = [], records = [] } = zoneOf(stage) ?? {};
      expectThat(rulesets.length > 0 && records.length === 1, "the zone has no rulesets or no record");
      const token = readFileSync(tokenFile(stage.folder), "utf8").trim();
      const shown = await stage.pulumiOk("stack", "output");
      expectThat(!shown.text.includes(token), "the tunnel's token is shown without being asked for");
      const adopted = required(rulesets.find(({ phase }) => phase === FIREWALL)).rules[0];
      expectThat(adopted?.expression === BY_HAND, "the adopted ruleset lost its own rule");
      return `${rulesets.length} rulesets, ${records.length} record; the adopted ruleset keeps its own rule`;
    },
  },
  {
    name: "second preview: no changes",
    async run(stage) {
      const { writes, reads } = await runWithCalls(stage, () => stage.pulumiOk("preview", "--expect-no-changes"));
      expectThat(writes.length === 0, `it wrote to the API: ${writes.join(", ")}`);
      return `${reads} reads`;
    },
  },
  {
    name: "two connectors: requests and WebSockets pass edge, rules and tunnel",
    async run(stage, scene) {
      const file = tokenFile(stage.folder);
      await Promise.all([stage.connect(file), stage.connect(file)]);
      const { port } = stage.edge;
      const page = await visit(port, HOSTNAME, "/");
      expectThat(page.status === 200, `the page got status ${page.status}`);
      const scanner = await visit(port, HOSTNAME, "/wp-login.php");
      expectThat(scanner.status === 403, `a scanner's path got status ${scanner.status}`);
      const people = [await registerUser(port, HOSTNAME, "ada"), await registerUser(port, HOSTNAME, "bob")] as const;
      await callOverSockets(port, HOSTNAME, people);
      scene.users = people;
      return "page 200, /wp-login.php 403, two sockets called";
    },
  },
  {
    name: "plain HTTP: the page leads to TLS, a password is refused",
    async run(stage) {
      const plain = required(stage.edge.plainPort);
      const page = await visit(plain, HOSTNAME, "/?from=a-link");
      expectThat(
        page.status === 301 && page.location === `https://${HOSTNAME}/?from=a-link`,
        `the page got status ${page.status} and location ${page.location}`,
      );
      const login = await visit(plain, HOSTNAME, "/api/auth/login", { email: "ada@example.com", password: "in clear" });
      expectThat(login.status === 403, `a login got status ${login.status}`);
      return "page 301 to https, login 403";
    },
  },
  replacedToken,
  {
    name: "a change of the policy is shown: its diff",
    async run(stage) {
      const { text: origin } = await stage.pulumiOk("config", "get", "causeway:origin");
      const added = {
        "hostnames[1]": SECOND_HOSTNAME,
        "hostnames[2]": PROTECTED_HOSTNAME,
        "services[0].hostname": SERVICE_HOSTNAME,
        "services[0].origin": origin.trim(),
        "access.team": "causeway",
        "access.applications[0].name": "admin",
        "access.applications[0].hostname": PROTECTED_HOSTNAME,
        "access.applications[0].emails[0]": "ada@example.com",
        "access.applications[0].serviceTokens[0]": "ci",
        "access.serviceTokens.ci.duration": "8760h",
      };
      const settings = Object.entries(added).map(([key, value]) => `causeway:${key}=${value}`);
      await stage.pulumiOk("config", "set-all", "--path", ...settings.flatMap((one) => ["--plaintext", one]));
      const diff = await stage.pulumiOk("preview", "--diff");
      expectThat(
        /expression: /.test(diff.text) && diff.text.includes(SECOND_HOSTNAME),
        `the diff does not show it:\n${diff.text}`,
      );
      return `${countBefore(diff, "to update")} to update, ${countBefore(diff, "to create")} to create`;
    },
  },
  {
    name: "an API that fails in the middle of it: 403, 500, cut connections",
    async run(stage) {
      const rulesets = { method: "PUT", path: /\/rulesets\// };
      stage.api.faults.next(rulesets, { status: 403, code: 10000, message: "Authentication error" });
      const denied = await failingUp(stage);
      expectThat(/403 Forbidden/.test(denied.text), `the refusal is not shown:\n${denied.text}`);
      // until they are cleared: the calls that the refused run left share the faults, and a provider tries each often
      const internalError = { status: 500, code: 10500, message: "Internal error", headers: { "retry-after-ms": "1" } };
      stage.api.faults.next(rulesets, internalError, Infinity);
      stage.api.faults.next({ method: "POST", path: /dns_records/ }, "cut", Infinity);
      const failed = await failingUp(stage);
      stage.api.faults.clear();
      expectThat(/failed to make http request/.test(failed.text), `the failure is not shown:\n${failed.text}`);
      return "each run ended with the API's own words";
    },
  },
  {
    name: "the next up repairs what they left: no request is lost",
    async run(stage, scene) {
      const traffic = startTraffic(stage.edge.port, HOSTNAME);
      const run = await stage.pulumiOk("up", "--yes", "--skip-preview");
      const { requests, lost } = await traffic.stop();
      expectThat(lost.length === 0, `${lost.length} of ${requests} requests were lost: ${lost[0]}`);
      const second = await visit(stage.edge.port, SECOND_HOSTNAME, "/");
      expectThat(second.status === 200, `${SECOND_HOSTNAME} got status ${second.status}`);
      // the gateway stands in for the service: its 404 shows that the edge has let the request pass
      const [service, own] = await Promise.all(
        [SERVICE_HOSTNAME, HOSTNAME].map((name) => visit(stage.edge.port, name, "/dashboard")),
      );
      const shown = `${service?.status} at ${SERVICE_HOSTNAME}, ${own?.status} at ${HOSTNAME}`;
      expectThat(service?.status === 404 && own?.status === 403, `/dashboard got status ${shown}`);
      const { status, location = "" } = await visit(stage.edge.port, PROTECTED_HOSTNAME, "/");
      const isLogin = status === 302 && location.includes("/cdn-cgi/access/login/");
      expectThat(isLogin, `${PROTECTED_HOSTNAME} got status ${status}, not the login of Access`);
      await callFromBoth(stage, scene);
      const changes = `${countBefore(run, "updated")} updated, ${countBefore(run, "created")} created`;
      return `${changes}, ${requests} requests meanwhile, none lost`;
    },
  },
  {
    name: "drift: a change by hand is found and repaired",
    async run(stage) {
      const before = snapshot(stage);
      const zone = required(zoneOf(stage));
      const base = `/zones/${zone.id}`;
      const record = required(zone.records.find(({ name }) => name === HOSTNAME));
      await stage.byHand("PATCH", `${base}/dns_records/${record.id}`, { proxied: false, ttl: 300 });
      const firewall = required(zone.rulesets.find(({ phase }) => phase === FIREWALL));
      await stage.byHand("DELETE", `${base}/rulesets/${firewall.id}/rules/${required(firewall.rules.at(-1)).id}`);
      const found = await stage.operate("drift");
      expectThat(found.code === 1, `drift ended with ${found.code}:\n${found.text}`);
      expectThat(
        found.text.includes(HOSTNAME) && found.text.includes(FIREWALL),
        `drift does not name what was changed:\n${found.text}`,
      );
      await stage.operateOk("up", "--yes", "--skip-preview");
      const after = snapshot(stage);
      expectThat(after === before, `the repaired state differs: ${difference(before, after)}`);
      return "a record and a rule, found and repaired";
    },
  },
  {
    name: "a throttled API is waited for",
    async run(stage) {
      stage.api.faults.next(
        { method: "PUT" },
        {
          status: 429,
          code: 971,
          message: "Please wait and consider throttling your request speed",
          headers: { "retry-after": "1" },
        },
      );
      for (const key of ["hostnames[2]", "hostnames[1]", "services", "access"])
        await stage.pulumiOk("config", "rm", "--path", `causeway:${key}`);
      await stage.pulumiOk("up", "--yes", "--skip-preview");
      expectThat(zoneOf(stage)?.records.length === 1, "a hostname that was removed still has its record");
      for (const kind of ["apps", "policies", "service_tokens"]) {
        const left = (await stage.byHand("GET", `/accounts/${stage.api.accountId}/access/${kind}`)) as unknown[];
        expectThat(left.length === 0, `Access was removed, and its ${kind} are still there: ${JSON.stringify(left)}`);
      }
      return "429 with Retry-After, then the same run went on";
    },
  },
  {
    name: "rotation of the tunnel's secret: no request is lost",
    async run(stage, scene) {
      const traffic = startTraffic(stage.edge.port, HOSTNAME);
      const old = readFileSync(tokenFile(stage.folder), "utf8").trim();
      await traffic.waitForRequests(5);
      const told: string[] = [];
      await rotateSecret(await tunnelIn(stage), stage.folder, (line) => told.push(line));
      const replaced = told.filter((line) => line.includes("has the new token")).length;
      expectThat(replaced === 2, `${replaced} connectors of two were replaced: ${told.join(" ")}`);
      await traffic.waitForRequests(5);
      const { requests, lost } = await traffic.stop();
      expectThat(lost.length === 0, `${lost.length} of ${requests} requests were lost: ${lost[0]}`);
      const refused = await stage.connect(writeTokenFile(join(stage.folder, "old"), old)).then(
        () => "a connector with the old token was accepted",
        (error: Error) => error.message,
      );
      expectThat(/does not accept (the tunnel's|this) token/.test(refused), refused);
      await callFromBoth(stage, scene);
      const { writes } = await runWithCalls(stage, () => stage.pulumiOk("preview", "--expect-no-changes"));
      expectThat(writes.length === 0, "the program would change the tunnel back");
      return `${replaced} connectors replaced, ${requests} requests, none lost; the old token is refused`;
    },
  },
  answeredNo,
  foreignConnectorsDown,
];

async function callFromBoth(stage: Stage, { users }: StepResults): Promise<void> {
  await callOverSockets(stage.edge.port, HOSTNAME, required(users));
}

async function tunnelIn(stage: Stage): Promise<StackTunnel> {
  return required(tunnelOf(await stage.state(), accountFor({ apiToken: stage.api.token, baseURL: stage.api.url })));
}
