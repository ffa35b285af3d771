/** A copy of the project in which a test does what the README says, and the programs that it starts there. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { PhaseRuleset } from "../../../infra/policy/index.ts";
import { copyWholeProject, type WholeCopy } from "../scripts/whole-copy.ts";

const TSC = createRequire(import.meta.url).resolve("typescript/bin/tsc");

interface CopiedProgram {
  /** The next line that it prints. Rejects when it ends before. */
  line(): Promise<string>;
  /** Closes its standard input. Resolves with its exit code. */
  end(): Promise<number | null>;
}

interface CopiedBackend {
  readonly url: string;
  /** The rules of the edge. */
  readonly policy: readonly PhaseRuleset[];
  /** Stops it in order. Resolves with its exit code. */
  stop(): Promise<number | null>;
}

export class FollowedCopy {
  readonly root: string;
  readonly #copy: WholeCopy;
  readonly #started: ChildProcess[] = [];

  constructor() {
    this.#copy = copyWholeProject();
    this.root = this.#copy.root;
  }

  /** Checks the types of these files and folders of the copy. Rejects with what TypeScript says. */
  async checkTypes(include: readonly string[], config = "tsconfig.followed.json"): Promise<void> {
    const own = { extends: "./tsconfig.json", include, exclude: ["backend/page"] };
    writeFileSync(join(this.root, config), JSON.stringify(own));
    await this.#copy.succeed(`${process.execPath} ${TSC} --noEmit -p ${config}`);
  }

  /** Runs a line of a shell in the copy until it ends. */
  run(line: string): ReturnType<WholeCopy["run"]> {
    return this.#copy.run(line);
  }

  /** Starts a program of the copy with Node.js. */
  start(file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = process.env): CopiedProgram {
    const child = spawn(process.execPath, [join(this.root, file), ...args], {
      cwd: this.root,
      env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#started.push(child);
    const exited = once(child, "exit");
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return {
      async line() {
        const { done, value } = await lines.next();
        if (done) throw new Error(`${file} ended with ${await exited}, and had no line more to print`);
        return value;
      },
      async end() {
        child.stdin.end();
        const [code] = await exited;
        return code;
      },
    };
  }

  async startBackend(): Promise<CopiedBackend> {
    const program = this.start("test/slow/readme/added-feature.ts", [join(this.root, ".data")]);
    return { ...JSON.parse(await program.line()), stop: () => program.end() };
  }

  /** Ends all that was started and still runs, as after a test that failed, and removes the copy. */
  async remove(): Promise<void> {
    for (const child of this.#started) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
    this.#copy.remove();
  }
}
