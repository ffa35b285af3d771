// A bundle that `npm run bundle` has made, as it runs on a server.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve, sep } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { assets } from "../../../backend/surface.ts";
import { COMMANDS } from "../../../scripts/bundle-build/facts.ts";
import { pageFiles } from "../../../scripts/bundle-build/page-files.ts";
import { buildProgram } from "../../../scripts/bundle-build/program.ts";
import { startEdgeForTests } from "../../cloudflared/edge-for-tests.ts";
import { within } from "../../within.ts";
import { childrenOf } from "./process-tree.ts";
import {
  BACKEND_STARTED,
  makeBundle,
  run,
  runBundle,
  type ServerBundle,
  serverEnv,
  startBundledBackend,
  startCommand,
} from "./server-bundle.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const MAX_BYTES = 12_000_000;

let bundle: ServerBundle;
beforeAll(async () => {
  bundle = await makeBundle();
});
afterAll(() => bundle.remove());

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "causeway-bundle-test-"));
});
afterEach(() => rmSync(work, { recursive: true }));

const files = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(folder, name)).isFile());

const causeway = (...args: string[]) => run(join(bundle.folder, "causeway"), args, serverEnv());

test("O20: a bundle takes less than 12 MB, and has no package as a package, no TypeScript and no native code", () => {
  const names = files(bundle.folder);
  const bytes = names.reduce((sum, name) => sum + statSync(join(bundle.folder, name)).size, 0);
  expect(bytes).toBeLessThan(MAX_BYTES);
  expect(bytes).toBeGreaterThan(MAX_BYTES / 20);
  expect(names.filter((name) => /node_modules|\.ts$|\.node$|\.map$/.test(name))).toEqual([]);
});

test("O20: the licence of every package that the program or the page has a part of is in the bundle", async () => {
  const sources = [...(await buildProgram()).sources, ...(await pageFiles()).sources];
  const packages = new Set(
    sources.flatMap((source) => {
      const [, name] = /.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/.exec(source) ?? [];
      return name === undefined ? [] : [name.replaceAll(sep, "/")];
    }),
  );
  for (const name of [
    "moleculer",
    "socket.io",
    "socket.io-client",
    "kysely",
    "pg",
    "nats",
    "@zxcvbn-ts/language-common",
  ])
    expect(packages).toContain(name);
  const sections = readFileSync(join(bundle.folder, "LICENSES.txt"), "utf8").split(`${"=".repeat(80)}\n`);
  const licensed = new Map(sections.map((text) => [/^\S+/.exec(text)?.[0] ?? "", text]));
  const unlicensed = [...packages].filter(
    (name) => !/permission|redistribution|license/i.test(licensed.get(name) ?? ""),
  );
  expect(unlicensed).toEqual([]);
  expect(licensed.get("backend/text/confusables.json")).toContain("Unicode");
  expect(readFileSync(join(bundle.folder, "LICENSE"), "utf8")).toBe(readFileSync(join(ROOT, "LICENSE"), "utf8"));
});

/** A file of the page: what is in it, and the headers without those that each response has its own values of. */
interface Served {
  readonly hash: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The page of a running backend, and all that it names. */
async function readPage(url: string): Promise<ReadonlyMap<string, Served>> {
  const page = new Map<string, Served>();
  const read = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    expect({ path, status: response.status }).toEqual({ path, status: 200 });
    const {
      date: _,
      connection: __,
      "keep-alive": ___,
      "x-request-id": ____,
      ...headers
    } = Object.fromEntries(response.headers);
    const body = await response.text();
    page.set(path, { hash: createHash("sha256").update(body).digest("hex"), headers });
    return body;
  };
  const html = await read("/");
  for (const [, path = ""] of html.matchAll(/\s(?:href|src)="(\/[^"]+)"/g)) if (!page.has(path)) await read(path);
  return page;
}

test("O20: a bundle serves the page with all its files and headers as the project's own backend does", async () => {
  const env = { ...process.env, PORT: "0", DATA_DIR: join(work, "data"), DRAIN_SECONDS: "1" };
  const own = startCommand(process.execPath, [join(ROOT, "scripts/run.mjs"), "backend"], env);
  const bundled = await startBundledBackend(bundle);
  const expected = await readPage(await own.saw(BACKEND_STARTED));
  const found = await readPage(bundled.url);
  expect(found).toEqual(expected);
  expect([...found.keys()].map((path) => path.split("?")[0]).sort()).toEqual([...assets].sort());
  expect(found.get("/")?.headers["content-security-policy"]).toContain("default-src 'none'");
  for (const running of [own, bundled]) expect(await running.end("SIGTERM")).toMatchObject({ code: 0 });
});

test("O20: no class of errors has another name in a bundle: Moleculer's have their class's name, and nodes compare it", () => {
  const folder = join(bundle.folder, "program");
  const program = readdirSync(folder).filter((name) => name.endsWith(".mjs"));
  const text = program.map((name) => readFileSync(join(folder, name), "utf8")).join("\n");
  const classes = text.matchAll(/\b(\w+)=class(?: (\w+))? extends \w*Error\w*\b/g);
  const names = [...classes].map(([, variable = "", own = variable]) => own);
  expect(names).toEqual(expect.arrayContaining(["MoleculerError", "ValidationError", "RequestTimeoutError"]));
  // NATS and PostgreSQL set the names of their errors themselves
  const others = ["_NatsError", "_ServiceError", "DatabaseError2"];
  expect(names.filter((name) => /^_|\d$/.test(name) && !others.includes(name))).toEqual([]);
});

test("O20: a bundle refuses common passwords and names that look alike: it has its data", async () => {
  const { url, end } = await startBundledBackend(bundle);
  const register = async (password: string, name: string) => {
    const body = JSON.stringify({ email: `${name.length}@example.org`, password, name });
    const headers = { "content-type": "application/json", origin: url };
    const response = await fetch(`${url}/api/auth/register`, { method: "POST", body, headers });
    return { status: response.status, text: await response.text() };
  };
  expect((await register("password123", "Ada")).text).toContain("PASSWORD_COMMON");
  expect((await register("correct horse battery", "\u0430dmin")).text).toContain("NAME_");
  await end("SIGTERM");
});

test("O20: the connector of a bundle becomes ready, serves, and ends in order", async () => {
  const edge = await startEdgeForTests({ ingress: [{ service: "http_status:204" }] });
  const local = { TUNNEL_EDGE: edge.edge.address, TUNNEL_CACERT: edge.edge.caFile, TUNNEL_TOKEN_FILE: edge.tokenFile };
  const connector = startCommand(
    join(bundle.folder, "causeway"),
    ["connector"],
    serverEnv({ ...local, CLOUDFLARED_BIN: "" }),
  );
  await connector.saw(/(ready: )/);
  const request = { method: "GET", path: "/", host: "x", headers: [], body: false };
  const response = await within("a response", Promise.resolve(edge.edge.open(edge.tunnelId, request)?.response));
  expect(response?.status).toBe(204);
  expect(await connector.end("SIGINT")).toMatchObject({ code: 0 });
  await edge.close();
});

test("O20: every command of a bundle has its help, and refuses an argument that it does not know", async () => {
  const help = await causeway("--help");
  expect(help).toMatchObject({ code: 0, err: "" });
  for (const { name } of COMMANDS) {
    expect(help.out).toContain(`  ${name} `);
    const own = await causeway(name, "--help");
    expect({ code: own.code, err: own.err }).toEqual({ code: 0, err: "" });
    expect(own.out).toMatch(new RegExp(`^Usage: causeway ${name} `));
    const wrong = await causeway(name, "--no-such");
    expect({ code: wrong.code, out: wrong.out }).toEqual({ code: 2, out: "" });
    expect(wrong.err).toContain(`${name}: unknown option '--no-such'`);
    expect(wrong.err).toContain(`See: causeway ${name} --help`);
  }
  expect(await causeway("--version", "more")).toMatchObject({ code: 2, out: "" });
  expect(await causeway("bakend")).toMatchObject({
    code: 2,
    err: 'causeway: there is no command "bakend". See: causeway --help\n',
  });
  expect(await causeway()).toMatchObject({ code: 2, out: "", err: help.out });
});

test("O20: a bundle prints its version, with the commit where the project is in Git", async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const { code, out } = await causeway("--version");
  expect(code).toBe(0);
  const commit = existsSync(join(ROOT, ".git")) ? " \\([0-9a-f]{7,}(-dirty)?\\)" : "";
  expect(out).toMatch(new RegExp(`^Causeway ${version.replaceAll(".", "\\.")}${commit}\n$`));
});

test("O20: users, keys and backups are there on a server that has a bundle alone", async () => {
  const env = serverEnv({ DATA_DIR: join(work, "data") });
  const program = join(bundle.folder, "causeway");
  const backend = startCommand(program, ["backend"], { ...env, PORT: "0", DRAIN_SECONDS: "1" });
  await backend.saw(BACKEND_STARTED);
  expect(await run(program, ["user", "list"], env)).toMatchObject({ code: 0, out: "There are no users yet.\n" });
  expect(await run(program, ["keys", "rotate"], env)).toMatchObject({ code: 0 });
  const copy = join(work, "copy.db");
  expect(await run(program, ["backup", copy], env)).toMatchObject({ code: 0 });
  await backend.end("SIGTERM");
  expect(await run(program, ["restore", copy], env)).toMatchObject({ code: 0 });
});

test("O20: a Node.js that is too old is refused, with its version and what to do", async () => {
  const old = join(work, "old.mjs");
  const versions = "{ ...process.versions, node: '22.23.1' }";
  writeFileSync(old, `Object.defineProperty(process, "versions", { value: ${versions} });\n`);
  const start = ["--import", pathToFileURL(old).href, join(bundle.folder, "causeway.mjs")];
  const { code, out, err } = await run(process.execPath, [...start, "backend"]);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toContain(`needs Node.js 24.19 or newer; this is 22.23.1 (${process.execPath}). Install Node.js 26`);
  expect(await run(process.execPath, [...start, "--version"])).toMatchObject({ code: 0 });
});

test("O20: on a server without Node.js the bundle says what to install", async () => {
  const bin = join(work, "bin");
  mkdirSync(bin);
  for (const name of ["dirname", "readlink"])
    writeFileSync(join(bin, name), `#!/bin/sh\nexec /usr/bin/${name} "$@"\n`, { mode: 0o755 });
  const { code, err } = await run("/bin/sh", [join(bundle.folder, "causeway"), "backend"], { PATH: bin });
  expect(code).toBe(1);
  expect(err).toBe(
    `causeway: there is no node in ${bundle.folder} and none on PATH. Install Node.js 26 from https://nodejs.org.\n`,
  );
});

test("O20: a bundle that was copied in part does not start, and names the file", async () => {
  const copy = await makeBundle();
  const page = join(copy.folder, "program/page/app.js");
  const start = () => run(join(copy.folder, "causeway"), ["backend"], serverEnv({ DATA_DIR: join(work, "data") }));
  truncateSync(page, 100);
  expect(await start()).toMatchObject({
    code: 1,
    err: expect.stringMatching(/not whole: .*app\.js has 100 bytes instead of \d+/),
  });
  rmSync(join(copy.folder, "program/confusables.json"));
  rmSync(page);
  expect(await start()).toMatchObject({
    code: 1,
    err: expect.stringMatching(/not whole: .*confusables\.json is missing/),
  });
  expect(existsSync(join(work, "data"))).toBe(false);
  copy.remove();
});

test("O20: with --with-node the Node.js of the bundle runs it, and its licence is there", async () => {
  const copy = await makeBundle("--with-node");
  expect(readFileSync(join(copy.folder, "node.LICENSE"), "utf8")).toContain("Node.js is licensed");
  const { out } = await run(join(copy.folder, "node"), ["--version"]);
  const wrong = join(work, "node");
  writeFileSync(wrong, "#!/bin/sh\necho the wrong node\n", { mode: 0o755 });
  const help = await run(join(copy.folder, "causeway"), ["--help"], { PATH: `${work}:/usr/bin:/bin` });
  expect(help.out).toContain(`with Node.js ${out.trim().slice(1)}.`);
  copy.remove();
});

test("O20: a folder that is not empty is left alone", async () => {
  writeFileSync(join(work, "mine"), "mine");
  expect(await runBundle("--into", work)).toMatchObject({
    code: 2,
    err: expect.stringContaining(`${work} is not empty`),
  });
  expect(await runBundle("--into", join(work, "mine"))).toMatchObject({
    code: 2,
    err: expect.stringContaining("is a file"),
  });
  expect(await runBundle("--into", join(work, "no/such"))).toMatchObject({
    code: 2,
    err: expect.stringContaining("is no folder"),
  });
  expect(readdirSync(work)).toEqual(["mine"]);
});

test.each(["SIGINT", "SIGTERM"] as const)("O20: %s while a bundle is made leaves nothing", async (signal) => {
  const target = join(work, "bundle");
  const making = startCommand(
    process.execPath,
    [join(ROOT, "scripts/run.mjs"), "bundle", "--into", target],
    process.env,
  );
  while (childrenOf(making.pid).length === 0) await delay(5); // esbuild: the work has begun
  const { code, output } = await making.end(signal);
  expect(code).toBe(1);
  expect(output).toContain(`bundle: ${signal}: it was interrupted, and nothing was made.`);
  expect(readdirSync(work)).toEqual([]);
});
