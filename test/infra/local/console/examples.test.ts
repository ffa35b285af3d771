import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type {
  AgainDraft,
  ExampleChoices,
  ExampleWish,
  ProposedExample,
  SentAgain,
} from "../../../../infra/local/console/again-data.ts";
import type { Recorder } from "../../../../infra/local/console/index.ts";
import { targetWithoutSecrets, withoutSecrets } from "../../../../infra/local/console/without-secrets.ts";
import { VISITORS } from "../../../../infra/policy/visitors.ts";
import { exampleWriter } from "../../../../scripts/policy-examples/example-writer.ts";
import { HOST, type TestSite } from "../edge/test-site.ts";
import { type OpenConsole, openConsole } from "./open-console.ts";
import { startRecordedSite } from "./recorded-site.ts";

const PHASE = "http_request_firewall_custom";
const FILE = "infra/policy/custom-rules/mine.ts";
const STORY = "infra/policy/stories/mine.json";
const TOKEN = "Zk3vQ9xT1mB7cR5wY2nL8dF4";
/** Of no network for documentation. */
const CLIENT = "93.184.216.34";

let project = "";
let site: TestSite;
let recorder: Recorder;
let console: OpenConsole;
beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), "causeway-console-examples-"));
  for (const folder of ["custom-rules", "stories"])
    mkdirSync(join(project, "infra/policy", folder), { recursive: true });
  cpSync(resolve(import.meta.dirname, "../../../../biome.json"), join(project, "biome.json"));
  ({ recorder, site } = await startRecordedSite());
  const { edge, api } = site;
  const visitors = async () => VISITORS;
  const examples = exampleWriter(project);
  console = await openConsole({ recorder, cloud: api.cloud, hostname: HOST, edge, visitors, examples });
});
afterAll(async () => {
  await console.close();
  await site.close();
  rmSync(project, { recursive: true, force: true });
});
beforeEach(() => {
  writeFileSync(
    join(project, FILE),
    `import type { PolicyRule } from "../rule.ts";

export const mine: PolicyRule = {
  ref: "mine",
  description: "Mine",
  when: "ssl",
  action: "block",
  examples: { match: ["GET /known"], pass: ["GET /"] },
};
`,
  );
  writeFileSync(
    join(project, STORY),
    '{\n  "story": "mine",\n  "steps": [{ "request": "GET /", "expect": "pass" }]\n}\n',
  );
});

const read = (file: string) => readFileSync(join(project, file), "utf8");
const deploy = (expression: string) => site.deploy(PHASE, [{ ref: "mine", action: "block", expression }]);

async function passed(path: string, headers: Record<string, string> = {}): Promise<string> {
  const reply = await site.get(path, { headers });
  const ray = String(reply.headers["cf-ray"]);
  while (!recorder.exchanges.get(ray)) await new Promise<void>((done) => setImmediate(done));
  return ray;
}

const ofRule = (side: "match" | "pass" = "match"): ExampleWish["place"] => ({
  kind: "rule",
  phase: PHASE,
  ref: "mine",
  side,
});
const ofStory: ExampleWish["place"] = { kind: "story", story: "mine" };
const propose = (ray: string, place = ofRule(), visitor = "ordinary") =>
  console.act<ProposedExample & { readonly error: string }>("examples/propose", { ray, place, visitor });
const write = (id: string) => console.act<{ readonly file: string; readonly error: string }>("examples/write", { id });

/** The line of a diff that has the new example. */
const added = ({ diff }: ProposedExample) =>
  diff
    .split("\n")
    .filter((line) => /^\+(?!\+\+)/.test(line))
    .join("\n");

describe("an example", () => {
  test("is shown, then written; what is written is what was shown", async () => {
    await deploy('starts_with(http.request.uri.path, "/admin")');
    const ray = await passed("/admin?a=b");
    const choices = await console.read<ExampleChoices>(`requests/${ray}/example`);
    expect(choices.value).toEqual({
      rules: [{ phase: PHASE, ref: "mine", matches: true }],
      decided: "mine",
      stories: ["mine"],
      visitors: Object.keys(VISITORS),
    });
    const before = read(FILE);
    const { status, value } = await propose(ray);
    expect(status).toBe(200);
    expect(value).toMatchObject({ file: FILE, notes: [] });
    expect(added(value)).toBe('+  examples: { match: ["GET /known", "GET /admin?a=b"], pass: ["GET /"] },');
    expect(read(FILE)).toBe(before);
    expect(await write(value.id)).toEqual({ status: 200, value: { file: FILE } });
    expect(read(FILE)).toBe(before.replace('"GET /known"', '"GET /known", "GET /admin?a=b"'));
    expect((await write(value.id)).status).toBe(404);
  });

  test("has the headers and fields on which the rule depends, and no others", async () => {
    await deploy('http.user_agent contains "bad" and ip.src.country eq "FR"');
    const ray = await passed("/", {
      "user-agent": "a \"bad\" 'one'",
      "x-other": "1",
      "local-visitor": "country=FR; asn=64500; city=Paris",
    });
    expect(added((await propose(ray)).value)).toContain(
      `{ request: "GET /", headers: { "user-agent": "a \\"bad\\" 'one'" }, given: { "ip.src.country": "FR" } }`,
    );
    await deploy('http.user_agent eq ""');
    expect(added((await propose(await passed("/b"))).value)).toContain(
      '{ request: "GET /b", headers: { "User-Agent": "" } }',
    );
  });

  test("of a request with thousands of headers is found at once", async () => {
    await deploy('any(http.request.headers["x-7"][*] eq "7")');
    const many = Object.fromEntries(Array.from({ length: 4_000 }, (_, at) => [`x-${at}`, String(at)]));
    const began = performance.now();
    const { value } = await propose(await passed("/many", many));
    expect(added(value)).toContain('{ request: "GET /many", headers: { "x-7": "7" } }');
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test("of another visitor, which has what the rule asks", async () => {
    await deploy('ip.src.country eq "T1"');
    const ray = await passed("/t", { "local-visitor": "country=T1" });
    expect((await console.read<ExampleChoices>(`requests/${ray}/example`)).value.sender).toBeUndefined();
    expect(added((await propose(ray, ofRule(), "tor")).value)).toContain('{ request: "GET /t", visitor: "tor" }');
    const { request } = (await console.read<AgainDraft>(`requests/${ray}/again`)).value;
    const again = await console.act<SentAgain>("again", { ...request, visitor: "tor" });
    const { value } = await console.read<ExampleChoices>(`requests/${again.value.ray}/example`);
    expect(value).toMatchObject({ sender: "tor", rules: [{ matches: true }] });
  });

  test("has no address, no token, no mail address and no secret of the client", async () => {
    await deploy('starts_with(http.request.uri.path, "/r/") and len(http.cookie) > 0 and len(http.referer) > 0');
    const path = `/r/${TOKEN}/6f1c1f3e-8f1d-4a35-9a6f-0b5d6c7e8f90?mail=ada%40lovelace.example&from=${CLIENT}&token=abc&k=${TOKEN}&s=2a00:1450:4001:81b::200e`;
    const ray = await passed(path, {
      cookie: `sid=${TOKEN}`,
      authorization: `Bearer ${TOKEN}`,
      "x-forwarded-for": CLIENT,
      "user-agent": `agent ${TOKEN} of ${CLIENT}`,
      referer: `https://${CLIENT}/${TOKEN}`,
      "local-visitor": `ip=${CLIENT}`,
    });
    const { value } = await propose(ray);
    expect(value.notes).toEqual([]);
    expect(added(value)).toContain(
      "GET /r/secret/00000000-0000-4000-8000-000000000000?mail=someone%40example.org&from=192.0.2.1&token=secret&k=secret&s=2001:db8::1",
    );
    expect(added(value)).toContain('cookie: "sid=secret"');
    for (const secret of [TOKEN, CLIENT, "lovelace", "2a00:"]) expect(value.diff).not.toContain(secret);
    expect((await write(value.id)).status).toBe(200);
    for (const secret of [TOKEN, CLIENT, "lovelace", "2a00:"]) expect(read(FILE)).not.toContain(secret);
  });

  test("that depends on the address of the client is not the same, and that is said", async () => {
    await deploy(`ip.src eq ${CLIENT}`);
    const { value } = await propose(await passed("/", { "local-visitor": `ip=${CLIENT}` }));
    expect(value.notes).toEqual([
      expect.stringContaining("The rules see another request in it"),
      expect.stringContaining("This example fails: the rule does not match it now"),
    ]);
    expect(value.diff).not.toContain(CLIENT);
  });

  test("on the side where it fails now is allowed, and that is said", async () => {
    await deploy('http.request.uri.path eq "/admin"');
    const { value } = await propose(await passed("/admin"), ofRule("pass"));
    expect(value.notes).toEqual([expect.stringContaining("This example fails: the rule matches it now")]);
    expect(added(value)).toContain('pass: ["GET /", "GET /admin"]');
  });

  test("whose request no notation has is refused", async () => {
    await deploy("ssl");
    for (const path of ["/a{host}b", "/\xff"]) {
      const reply = await site.raw(
        Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`, "latin1"),
      );
      const ray = /cf-ray: (\S+)/i.exec(reply)?.[1] ?? "";
      expect([path, (await propose(ray)).status]).toEqual([path, 409]);
    }
  });

  test("is not written where the file has changed, where the rule is unknown, or by a path", async () => {
    await deploy("ssl");
    const ray = await passed("/x");
    const { value } = await propose(ray);
    writeFileSync(join(project, FILE), `${read(FILE)}// edited\n`);
    expect(await write(value.id)).toMatchObject({
      status: 409,
      value: { error: expect.stringContaining("has changed") },
    });
    expect(read(FILE)).not.toContain("/x");
    const place = (more: object) => ({ ...ofRule(), ...more }) as ExampleWish["place"];
    expect((await propose(ray, place({ ref: "../../visitors" }))).status).toBe(404);
    expect((await propose(ray, place({ phase: "other" }))).status).toBe(400);
    expect((await propose(ray, place({ side: "match\n" }))).status).toBe(400);
    expect((await propose(ray, { kind: "story", story: "../mine" })).status).toBe(409);
    expect((await propose(ray, ofRule(), "nobody")).status).toBe(400);
    expect((await propose("none")).status).toBe(404);
    for (const id of [undefined, 1, "none", "__proto__"]) expect((await write(id as string)).status).toBe(404);
    rmSync(join(project, FILE));
    expect((await propose(ray)).status).toBe(409);
  });

  test("only the last eight changes that were shown can be written", async () => {
    await deploy("ssl");
    const ray = await passed("/x");
    const first = await propose(ray);
    for (let at = 0; at < 8; at += 1) await propose(ray, ofStory);
    expect((await write(first.value.id)).status).toBe(404);
  });
});

describe("a step of a story", () => {
  test("has the verdict, and one line for the request", async () => {
    await deploy('http.request.uri.path eq "/admin" and any(http.request.headers["x-one"][*] contains "1")');
    const { value } = await propose(await passed("/admin", { "x-one": 'a "1"' }), ofStory, "office");
    expect(value.notes).toEqual([]);
    expect((await write(value.id)).status).toBe(200);
    expect(JSON.parse(read(STORY)).steps.at(-1)).toEqual({
      request: 'GET /admin with "x-one: a \\"1\\""',
      visitor: "office",
      expect: "block",
      by: "mine",
      status: 403,
    });
  });

  test("with which the story fails is said to", async () => {
    const ratelimit = {
      characteristics: ["ip.src", "cf.colo.id"],
      period: 10,
      requests_per_period: 1,
      mitigation_timeout: 10,
    };
    await site.clear();
    await site.deploy("http_ratelimit", [{ ref: "slow", action: "block", expression: "true", ratelimit }]);
    const { value } = await propose(await passed("/one"), ofStory);
    expect(value.notes).toEqual([expect.stringContaining("The story fails with it: request 1 of the step")]);
    await site.clear();
  });
});

test("a console without a writer has no examples", async () => {
  const { edge, api } = site;
  const other = await openConsole({ recorder, cloud: api.cloud, hostname: HOST, edge, visitors: async () => VISITORS });
  const ray = await passed("/x");
  expect((await other.read(`requests/${ray}/example`)).status).toBe(404);
  expect((await other.act("examples/propose", { ray, visitor: "ordinary", place: ofStory })).status).toBe(404);
  await other.close();
});

describe("what does not get into a file", () => {
  test.each([
    ["/assets/jquery-3.7.1.min.js", "/assets/jquery-3.7.1.min.js"],
    ["/api/debug-information-of-the-server", "/api/debug-information-of-the-server"],
    ["/wp-content/plugins/some_plugin_name/readme.txt", "/wp-content/plugins/some_plugin_name/readme.txt"],
    ["/?time=12:30:45&ratio=16:9", "/?time=12:30:45&ratio=16:9"],
    ["/?ip=203.0.113.9&v=1.2.3", "/?ip=203.0.113.9&v=1.2.3"],
    ["/?ip=93.184.216.34", "/?ip=192.0.2.1"],
    ["/?ip=%39%33.184.216.34", "/?ip=192.0.2.1"],
    ["/?a=2a00%3A1450%3A%3A1", "/?a=2001%3Adb8%3A%3A1"],
    ["/?t=0123456789abcdef0123", "/?t=secret"],
    ["/u/ada@lovelace.example/x", "/u/someone@example.org/x"],
    ["/?x=[secret]&y=%5Bsecret%5D", "/?x=secret&y=secret"],
  ])("%s", (target, cleaned) => {
    expect(targetWithoutSecrets(target)).toBe(cleaned);
    expect(targetWithoutSecrets(cleaned)).toBe(cleaned);
  });

  test("the number of a version stays", () => {
    const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Chrome/131.0.0.0 Safari/537.36";
    expect(withoutSecrets(agent)).toBe(agent);
    expect(withoutSecrets("for 93.184.216.34, 10.0.0.1:80 and [2a00::1]")).toBe(
      "for 192.0.2.1, 192.0.2.1:80 and [2001:db8::1]",
    );
  });

  test("a token of 128 bits or more never stays, in any notation", () => {
    const bytes = fc.uint8Array({ minLength: 18, maxLength: 48 }).map((one) => Buffer.from(one));
    fc.assert(
      fc.property(bytes, fc.constantFrom("base64url" as const, "hex" as const), (token, notation) => {
        const text = token.toString(notation);
        // what has hardly any digit, or is one letter again and again, is no token
        fc.pre(new Set(text).size > 8 && (text.match(/\d/g)?.length ?? 0) >= 2);
        fc.pre(/[a-z]/.test(text) && (notation === "hex" || /[A-Z]/.test(text)));
        expect(withoutSecrets(`agent ${text}`)).not.toContain(text);
        expect(targetWithoutSecrets(`/a/${text}?b=${text}`)).not.toContain(text);
      }),
    );
  });
});

test("README.md of the console names what there is", async () => {
  await deploy("ssl");
  const ray = await passed("/x");
  const text = readFileSync(resolve(import.meta.dirname, "../../../../infra/local/console/README.md"), "utf8");
  const rows = [...text.matchAll(/^\| `(GET|POST) (\/\S+)`/gm)].map(([, method = "", path = ""]) => ({ method, path }));
  expect(rows.length).toBeGreaterThan(15);
  for (const { method, path } of rows.filter((row) => !/live|image/.test(row.path))) {
    const { status, body } = await console.send(
      method,
      path.replace("RAY", ray),
      console.headers,
      method === "POST" ? "{}" : "",
    );
    expect([path, status, body]).toEqual([
      path,
      expect.any(Number),
      expect.not.stringMatching(/There is no (action )?\/api/),
    ]);
  }
});
