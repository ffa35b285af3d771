/** Runs the shell steps of a job of GitHub Actions on this machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface JobOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Values of expressions: `vars.NAME`, `secrets.NAME`. Others are empty, as at GitHub. */
  readonly values: Readonly<Record<string, string>>;
}

export interface JobRun {
  readonly failed: boolean;
  /** The log. */
  readonly text: string;
  readonly summary: string;
  /** Outputs of its steps, `NAME=VALUE` in lines. */
  readonly outputs: string;
  /** Files that it left on the machine, with their content; those of npm are not among them. */
  readonly left: Readonly<Record<string, string>>;
}

/** What cannot run here: packages come from a registry. They are installed already. */
const INSTALL = "npm ci --omit=dev --ignore-scripts --no-audit --no-fund";

export async function runJob(file: string, name: string, { cwd, env, values }: JobOptions): Promise<JobRun> {
  const { jobs } = parse(readFileSync(join(".github/workflows", file), "utf8"));
  const steps: readonly Step[] = jobs[name].steps;
  const runner = mkdtempSync(join(tmpdir(), "causeway-runner-"));
  const files = { GITHUB_ENV: "env", GITHUB_OUTPUT: "output", GITHUB_STEP_SUMMARY: "summary" };
  const paths = Object.fromEntries(Object.entries(files).map(([key, base]) => [key, join(runner, base)]));
  for (const path of Object.values(paths)) writeFileSync(path, "");
  for (const folder of ["temp", "home"]) mkdirSync(join(runner, folder));
  const temp = join(runner, "temp");
  const places = { HOME: join(runner, "home"), TMPDIR: temp, RUNNER_TEMP: temp, GITHUB_ACTIONS: "true", CI: "true" };
  const content = (base: string) => readFileSync(join(runner, base), "utf8");
  const exported = () =>
    Object.fromEntries(
      content("env")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
  let [failed, text] = [false, ""];
  for (const { if: condition, run, env: given = {} } of steps) {
    if (run === undefined || run === INSTALL || (failed && condition !== "always()")) continue;
    const stepEnv = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, evaluate(value, values)]));
    const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", run], {
      cwd,
      env: { ...env, ...places, ...paths, ...exported(), ...stepEnv },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
    const [code] = await once(child, "close");
    failed ||= code !== 0;
  }
  const left = readdirSync(runner, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("/.npm"))
    .map(({ parentPath, name: base }) => join(parentPath, base))
    .filter((path) => !Object.values(paths).includes(path))
    .map((path) => [path.slice(runner.length + 1), readFileSync(path, "latin1")]);
  const ended = {
    failed,
    text,
    summary: content("summary"),
    outputs: content("output"),
    left: Object.fromEntries(left),
  };
  rmSync(runner, { recursive: true });
  return ended;
}

function evaluate(text: string, values: JobOptions["values"]): string {
  const expression = /^\$\{\{ ((?:vars|secrets)\.\w+) \}\}$/.exec(text)?.[1];
  if (expression === undefined) throw new Error(`the test does not know the expression ${text}`);
  return values[expression] ?? "";
}
