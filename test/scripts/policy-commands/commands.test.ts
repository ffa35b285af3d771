// The commands `npm run rules`, with their arguments and what they print.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, jest, test } from "@jest/globals";
import { proofDiagnostic } from "../../../infra/rules/index.ts";
import { execute } from "../../../scripts/command-line/index.ts";
import { rulesCommands } from "../../../scripts/policy-commands/commands.ts";
import { MAX_INPUT_BYTES } from "../../../scripts/policy-commands/input.ts";
import { proofLines } from "../../../scripts/policy-commands/test.ts";

const folder = mkdtempSync(join(tmpdir(), "causeway-rules-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command in this process and keeps what it prints. */
const run = async (args: readonly string[]) => {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const log = jest.spyOn(console, "log").mockImplementation((line) => void stdout.push(`${line}\n`));
  const error = jest.spyOn(console, "error").mockImplementation((line) => void stderr.push(`${line}\n`));
  try {
    const status = await execute(rulesCommands, args);
    return { status, stdout: stdout.join(""), stderr: stderr.join("") };
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
};
const file = (name: string, content: unknown) => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
};

test("O19: without a command, or with one that does not exist, the usage is printed", async () => {
  expect(await run([])).toMatchObject({
    status: 2,
    stdout: "",
    stderr: expect.stringContaining("Usage: npm run rules -- [options] [command]"),
  });
  expect(await run(["chekc"])).toMatchObject({
    status: 2,
    stderr: "rules: unknown command 'chekc'\n(Did you mean check?)\nSee: npm run rules -- --help\n",
  });
});

test("eval prints the value of an expression, and why", async () => {
  const { status, stdout } = await run([
    "eval",
    'http.user_agent contains "curl" and not ip.src in {10.0.0.0/8}',
    'GET /admin from 203.0.113.9 as "curl/8"',
  ]);
  expect(status).toBe(0);
  expect(stdout).toContain('true: http.user_agent contains "curl" is true, because http.user_agent is "curl/8"');
  expect(stdout).toContain("true   not ip.src in {10.0.0.0/8}");
});

test("eval names the field that was not given, and how to give it", async () => {
  const { status, stdout } = await run(["eval", "--visitor", "none", "cf.bot_management.score lt 30", "/"]);
  expect(status).toBe(1);
  expect(stdout).toContain(
    "cf.bot_management.score can only be known at Cloudflare; add to the request: given cf.bot_management.score=…",
  );
  expect(await run(["eval", "cf.bot_management.score lt 30", "/ given cf.bot_management.score=5"])).toMatchObject({
    status: 0,
  });
  expect(await run(["eval", "cf.bot_management.score lt 30", "/ given cf.bot_management.score=low"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('cf.bot_management.score is Integer, but the value given for it is "low"'),
  });
});

test("eval shows what is wrong with an expression or a request", async () => {
  expect(await run(["eval", "http.hots eq 1", "/"])).toMatchObject({
    status: 1,
    stdout: expect.stringContaining("did you mean http.host?"),
  });
  expect(await run(["eval", "ssl", "x"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("neither a path"),
  });
  expect(await run(["eval", "ssl"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("missing required argument 'requests'"),
  });
});

test("F16: characters that control a terminal are not printed", async () => {
  const title = "\u001b]0;title\u0007";
  const story = file("escape.json", { story: "a", steps: [{ request: `GET /${title}x`, expect: "redirect" }] });
  for (const command of [
    ["test", story],
    ["eval", `http.host eq "${title}"`, `GET /${title}`],
    ["eval", `http.host eq "${title}" x`, "/"],
    ["explain", `GET /${title}`],
  ]) {
    const { stdout } = await run(command);
    expect(stdout).toContain("?]0;title?");
    expect(stdout).not.toContain("\u001b");
    expect(stdout).not.toContain("\u0007");
  }
});

test("F2: eval and explain refuse an input without a request", async () => {
  const message = expect.stringMatching(/is no request|there is no request in/);
  for (const [name, ...more] of [["eval", "--expect", "true", "ssl"], ["explain"]] as const) {
    for (const text of ["[]", '{"log":{"entries":[]}}', `@${file("empty.har", [])}`, "@/dev/null"]) {
      expect([text, await run([name, ...more, text])]).toEqual([
        text,
        expect.objectContaining({ status: 2, stderr: message }),
      ]);
    }
  }
});

test("A11: eval ends with 1 where the expression has another value than --expect says", async () => {
  expect(await run(["eval", "--expect", "true", "ssl", "/"])).toMatchObject({ status: 0 });
  const { status, stdout } = await run(["eval", "--expect", "false", "ssl", "/", "GET http://x/"]);
  expect([status, stdout]).toEqual([1, expect.stringMatching(/^GET https:\S+ .*\n {2}true: .*\n {2}expected false\n/)]);
  expect(stdout.match(/expected/g)).toHaveLength(1);
  expect(await run(["eval", "--expect", "maybe", "ssl", "/"])).toMatchObject({ status: 2 });
});

test("A11: eval and format check an expression for --plan", async () => {
  const expression = 'http.host matches "a"';
  for (const [name, ...more] of [["eval", "/"], ["format"]] as const) {
    expect(await run([name, "--plan", "business", expression, ...more])).toMatchObject({ status: 0 });
    const { status, stdout, stderr } = await run([name, "--plan", "free", expression, ...more]);
    expect([name, status, stdout + stderr]).toEqual([name, 1, expect.stringMatching(/Business/)]);
  }
});

test("A11: requests are read from a file or standard input, up to a limit", async () => {
  const entry = (url: string) => ({ request: { method: "GET", url, httpVersion: "HTTP/2", headers: [] } });
  const har = file("traffic.har", { log: { entries: [entry("https://a.example/x"), entry("http://a.example/y")] } });
  const { status, stdout } = await run(["eval", "ssl", `@${har}`]);
  expect([status, stdout]).toEqual([
    0,
    expect.stringMatching(/https:\/\/a\.example\/x .*\n {2}true(.*\n)+.*\/y .*\n {2}false/),
  ]);
  expect(await run(["explain", `@${har}`])).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("a.example/y"),
  });
  const input = spawnSync(process.execPath, ["scripts/rules.ts", "eval", "ssl", "-"], {
    encoding: "utf8",
    input: "GET /from-standard-input",
  });
  expect([input.status, input.stdout]).toEqual([0, expect.stringContaining("/from-standard-input")]);
  expect(await run(["eval", "ssl", "@no/such/file"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("the file no/such/file cannot be read: ENOENT"),
  });
  expect(await run(["eval", "ssl", "@/dev/zero"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining(`the file /dev/zero has more than ${MAX_INPUT_BYTES} bytes`),
  });
});

test("A1: explain and eval start from the ordinary visitor, or the one that --visitor names", async () => {
  const country = 'ip.src.country eq "T1"';
  const evaluated = (...args: readonly string[]) => run(["eval", ...args, country, "GET /"]);
  expect(await evaluated()).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/from 198\.18\.0\.1, visitor ordinary\n {2}false/),
  });
  expect(await evaluated("--visitor", "tor", "--expect", "true")).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/from 198\.18\.3\.1, visitor tor\n {2}true/),
  });
  expect(await evaluated("--visitor", "none")).toMatchObject({ status: 1 });
  expect(await evaluated("--visitor", "torr")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("'torr' is invalid. It must be one of ordinary, office, crawler, tor"),
  });
  // what the request gives is not replaced
  expect(await run(["eval", "--visitor", "tor", "--expect", "false", country, "GET / given country=FR"])).toMatchObject(
    {
      status: 0,
    },
  );
  for (const visitor of ["ordinary", "crawler"]) {
    expect(await run(["explain", "--visitor", visitor, "GET /"])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`, visitor ${visitor}\n`),
    });
  }
});

test("A11: the help of explain and eval says how fields are given, and who sends the requests", async () => {
  const help = (name: string) =>
    spawnSync(process.execPath, ["scripts/rules.ts", name, "--help"], { encoding: "utf8" }).stdout;
  for (const name of ["explain", "eval"]) {
    expect(help(name)).toMatch(/given country=FR given asn=64496.*--visitor <name>/s);
  }
});

test("A11: the name of a file without @ is not taken for a request", async () => {
  const har = file("forgotten.har", { log: { entries: [] } });
  for (const args of [
    ["eval", "--expect", "false", "not ssl", har],
    ["explain", har],
  ]) {
    expect(await run(args)).toMatchObject({
      status: 2,
      stdout: "",
      stderr: expect.stringContaining(`"${har}" is a file. Write @${har} for the requests in it`),
    });
  }
  expect(await run(["eval", "ssl", `GET ${har}`, folder])).toMatchObject({ status: 0 });
});

test("A11: eval and explain have --format json; commands without that option refuse it", async () => {
  const evaluated = await run([
    "eval",
    "--format",
    "json",
    "--visitor",
    "none",
    "ssl and cf.bot_management.score lt 3",
    "/",
  ]);
  expect([evaluated.status, JSON.parse(evaluated.stdout)]).toMatchObject([1, { results: [{ value: null }] }]);
  const wrong = await run(["eval", "--format", "json", "sssl", "/"]);
  expect([wrong.status, JSON.parse(wrong.stdout)]).toMatchObject([1, { diagnostics: [{ code: "unknown-field" }] }]);
  const explained = await run(["explain", "--format", "json", "GET /.git/config"]);
  expect(JSON.parse(explained.stdout)).toMatchObject({
    plan: "free",
    requests: [
      {
        outcome: "block",
        by: "scanner_paths",
        response: { status: 403 },
        rules: expect.arrayContaining([
          expect.objectContaining({ ref: "scanner_paths", state: "read", value: true }),
          expect.objectContaining({ ref: "credential_rate", state: "not reached" }),
        ]),
      },
    ],
  });
  for (const args of [
    ["format", "ssl"],
    ["vectors", "x.json"],
  ]) {
    expect(await run([...args, "--format", "json"])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("unknown option '--format'"),
    });
  }
});

test("explain goes through the rules in order and says what decided", async () => {
  const { status, stdout } = await run([
    "explain",
    "--host",
    "a.example.com",
    "GET /.git/config from 203.0.113.9",
    "POST /api/auth/login",
    "GET http://a.example.com/?b=c",
  ]);
  expect(status).toBe(0);
  expect(stdout).toContain('true   scanner_paths (block): lower(http.request.uri.path) contains "/.git" is true');
  expect(stdout).toContain("not_in_surface (block): not reached");
  expect(stdout).toContain("=> block by scanner_paths, status 403");
  expect(stdout).toContain("counted, and within its limit");
  expect(stdout).toContain("=> pass, with cache false");
  expect(stdout).toContain("=> redirect by to_https, status 301 to https://a.example.com/?b=c");
  expect(await run(["explain"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("missing required argument 'requests'"),
  });
  expect(await run(["explain", "--plan", "gold", "/"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("'gold' is invalid. It must be one of free, pro"),
  });
  expect(await run(["explain", "--nope", "/"])).toMatchObject({ status: 2, stderr: expect.stringContaining("--nope") });
});

test("check is clean for the policy, in every format", async () => {
  expect(await run(["check"])).toMatchObject({ status: 0, stdout: expect.stringContaining("rules on free") });
  const json = await run(["check", "--plan", "enterprise", "--format", "sarif"]);
  expect(json.status).toBe(0);
  expect(JSON.parse(json.stdout)).toMatchObject({ version: "2.1.0" });
  expect(await run(["check", "--format", "xml"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("'xml' is invalid. It must be one of text, json, sarif, github."),
  });
  expect(await run(["check", "x"])).toMatchObject({ status: 2 });
});

test("test runs examples and stories, and prints what they do not exercise", async () => {
  const { status, stdout } = await run(["test"]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/\d+ rules, \d+ examples and \d+ stories on free: 0 failed/);
  // what is not exercised of the author's own rules is printed, and is no failure
  expect(stdout).not.toContain("scanner_paths: no example or story exercises");
  expect((await run(["test", "--gaps"])).stdout).toContain("scanner_paths: no example or story exercises");
});

test("a story with another outcome fails, and the step is named", async () => {
  const story = file("story.json", {
    story: "wrong",
    steps: [
      { request: "GET /.git/config", expect: "pass" },
      { request: "GET /.git/config", expect: "block", by: "plain_http" },
      { request: "GET /.git/config", expect: "block", by: "scanner_paths", status: 429 },
      { request: "POST /api/auth/login", times: 21, every: 0.1, after: 1, expect: "pass" },
    ],
  });
  const { status, stdout } = await run(["test", story]);
  expect(status).toBe(1);
  const differ = (step: number, at: string) => `${story}: /steps/${step}: request ${at}`;
  expect(stdout).toContain(differ(0, "1 of the step, at 0 s: expected pass, got block by scanner_paths"));
  expect(stdout).toContain("expected plain_http to decide, got block by scanner_paths");
  expect(stdout).toContain("expected status 429, got 403");
  expect(stdout).toContain(differ(3, "21 of the step, at 3 s: expected pass, got block by credential_rate"));
  expect(stdout).toContain("4 failed");
});

test("A4: a story with an unknown key fails, with file and place", async () => {
  const story = file("bad.json", {
    story: "a",
    steps: [{ request: "GET /", expect: "pass", tims: 20, evry: 0.1, respnse: 401 }],
  });
  const { status, stdout } = await run(["test", story]);
  expect(status).toBe(1);
  for (const [key, meant] of [
    ["tims", "times"],
    ["evry", "every"],
    ["respnse", "response"],
  ]) {
    expect(stdout).toContain(`${story}: /steps/0/${key}: unknown field "${key}" [unknown-key]`);
    expect(stdout).toContain(`did you mean ${meant}?`);
  }
});

test("a story whose file does not exist is named", async () => {
  expect(await run(["test", "no/such/story.json"])).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^rules: the story no\/such\/story\.json cannot be read: ENOENT/),
  });
});

test("A13: failures of the author's own rules come first, and gaps of the kit's rules only where they are asked for", () => {
  const failure = (file: string) => proofDiagnostic({ file }, "example-matched", "/examples/pass/0", "GET /", "wrong");
  const files = ["custom-rules/plain-http.ts", "custom-rules/mine.ts", "stories/scanner.json", "stories/mine.json"];
  const failures = files.map((name) => failure(`infra/policy/${name}`));
  const phase = "http_request_firewall_custom" as const;
  const gaps = files
    .slice(0, 2)
    .map((name) => ({ phase, ref: name, file: `infra/policy/${name}`, conditions: ["never true: ssl"] }));
  const linesOf = (showsShipped: boolean) =>
    proofLines(failures, gaps, showsShipped).map((line) =>
      line.split("\n")[0]?.replace(/^FAILED infra\/policy\/|: .*/g, ""),
    );
  expect(linesOf(false)).toEqual([files[1], files[3], files[0], files[2], files[1]]);
  expect(linesOf(true)).toEqual([files[1], files[3], files[0], files[2], files[0], files[1]]);
});

test("A9: --fix is refused with another format than text", async () => {
  expect(await run(["check", "--fix"])).toMatchObject({ status: 0 });
  expect(await run(["check", "--fix", "--format", "json"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("leave --format out"),
  });
});

test("format prints canonical form, and shows what is wrong", async () => {
  expect(await run(["format", 'not  ssl&&http.host=="a"'])).toMatchObject({
    status: 0,
    stdout: 'not ssl and http.host eq "a"\n',
  });
  expect(await run(["format", "andd (ssl)"])).toMatchObject({
    status: 1,
    stdout: "",
    stderr: expect.stringContaining("unknown-function"),
  });
  expect(await run(["format", 'http.hosd eq "x"'])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("http.host"),
  });
  expect(await run(["format", "ssl and"])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("[expected-operand]"),
  });
});

test("vectors prints every difference and the counts", async () => {
  const good = file("good.json", { expressions: [{ expression: "ssl", docs_say: "valid" }] });
  const bad = file("wrong.json", { expressions: [{ expression: "ssl", docs_say: "invalid" }] });
  expect(await run(["vectors", good])).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("1 expressions, 1 assertions, 0 differences"),
  });
  expect(await run(["vectors", good, bad])).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('"ssl"\n  should be refused'),
  });
  expect(await run(["vectors"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("missing required argument 'file'"),
  });
  expect(await run(["vectors", file("text.json", "x")])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("cannot be read as JSON"),
  });
});

test("F5: standard input is read to its end, however slow its writer is", async () => {
  // the socket that Node.js makes for a child's standard input does not block
  const child = spawn(process.execPath, ["scripts/rules.ts", "eval", "true", "-"], { stdio: "pipe" });
  const printed = Promise.all([child.stdout, child.stderr].map((stream) => stream.setEncoding("utf8").toArray()));
  for (let part = 0; part < 20; part += 1) {
    child.stdin.write(part === 0 ? "GET /slow" : " ");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.stdin.end();
  const [out = [], errors] = await printed;
  expect([errors, out.join("")]).toEqual([[], expect.stringContaining("/slow")]);
});

test("the command itself: an expression from standard input, and its exit code", () => {
  const { status, stdout } = spawnSync(process.execPath, ["scripts/rules.ts", "format"], {
    encoding: "utf8",
    input: "ssl||ssl\n",
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "ssl or ssl\n" });
});

test("A3: eval names the file of a list that is not declared, and prints no advice that it refuses itself", async () => {
  const { status, stdout } = await run(["eval", "ip.src in $office_list", "GET / from 203.0.113.9"]);
  expect([status, stdout]).toEqual([
    1,
    expect.stringContaining(
      "undetermined: $office_list can only be known at Cloudflare; put the list into infra/policy/lists/office-list.ts, and into the index of that folder",
    ),
  ]);
  expect(stdout).not.toContain("given $");
  const mixed = await run([
    "eval",
    "--visitor",
    "none",
    'ip.src in $cf.vpn or ip.src.country eq "DE"',
    "GET / from 203.0.113.9",
  ]);
  expect(mixed.stdout).toContain(
    "add to the request: given ip.src.country=…; only Cloudflare has the items of its own lists ($cf.…)",
  );
});

test("a service is named beside the hosts: its requests are judged, and the guard that it changes is no finding", async () => {
  const services = ["--service", "status.causeway.localhost", "--service", "chat.causeway.localhost/grafana"];
  const explained = async (url: string) => (await run(["explain", `GET https://${url}`, ...services])).stdout;
  expect(await explained("status.causeway.localhost/api/nothing")).toMatch(/=> pass/);
  expect(await explained("status.causeway.localhost/.env")).toMatch(/=> block by scanner_paths/);
  expect(await explained("chat.causeway.localhost/grafana/d/1")).toMatch(/=> pass/);
  expect(await explained("chat.causeway.localhost/grafana/../api/nothing")).toMatch(/=> block by not_in_surface/);
  expect(await run(["check", ...services])).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/: 0 findings\n/),
  });
  expect(await run(["test", ...services])).toMatchObject({ status: 0, stdout: expect.stringMatching(/: 0 failed\n/) });
  const wrong = await run(["test", "--service", "chat.causeway.localhost/grafana/"]);
  expect(wrong).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('--service "/grafana/": expected a path such as'),
  });
});
