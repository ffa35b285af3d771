/** The Pulumi CLI for one stack of this project: shown to the operator, or read by a command. */
import { spawn } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { getPulumi } from "./find-cli.ts";

/** A command that did not succeed; the message is what the CLI said. */
export class PulumiFailed extends Error {
  override readonly name = "PulumiFailed";
}

/** One resource in the state of a stack. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  /** It was adopted: it stays when the stack goes. */
  readonly retainOnDelete?: boolean;
  readonly inputs?: Readonly<Record<string, unknown>>;
}

export interface Cli {
  /** Runs `pulumi ARGS --stack NAME` in the operator's terminal, questions included; answers its exit code. */
  show(...args: readonly string[]): Promise<number>;
  /** Runs it and answers what it printed, with its exit code. */
  read(
    ...args: readonly string[]
  ): Promise<{ readonly code: number; readonly output: string; readonly errors: string }>;
  /** Every resource in the stack's state. @throws PulumiFailed where there is no such stack, or it cannot be decrypted */
  state(): Promise<readonly StateResource[]>;
}

/** Finds the CLI; `env` is read anew for each command, so that it may be added to. @throws NoPulumiError where there is none and none can be fetched */
export async function openCli(stack: string, env: NodeJS.ProcessEnv): Promise<Cli> {
  const command = await getPulumi(env);
  const start = (args: readonly string[], stdio: "inherit" | "pipe") =>
    spawn(command, [...args, "--stack", stack], {
      env: { ...env, PATH: pathFor(command, env) },
      stdio: stdio === "inherit" ? "inherit" : ["inherit", "pipe", "pipe"],
    });
  const cli: Cli = {
    show: (...args) =>
      new Promise((settle, reject) => {
        start(args, "inherit")
          .once("error", reject)
          .once("close", (code) => settle(code ?? 255));
      }),
    read: (...args) =>
      new Promise((settle, reject) => {
        const [output, errors]: [Buffer[], Buffer[]] = [[], []];
        const child = start(args, "pipe");
        child.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
        child.stderr?.on("data", (chunk: Buffer) => errors.push(chunk));
        child.once("error", reject).once("close", (code) => {
          settle({
            code: code ?? 255,
            output: Buffer.concat(output).toString(),
            errors: Buffer.concat(errors).toString(),
          });
        });
      }),
    async state() {
      const { code, output, errors } = await cli.read("stack", "export");
      if (code !== 0) throw new PulumiFailed(stateFailure(stack, errors.trim()));
      const { deployment }: { deployment?: { resources?: readonly StateResource[] } } = JSON.parse(output);
      return deployment?.resources ?? [];
    },
  };
  return cli;
}

function stateFailure(stack: string, said: string): string {
  if (!/no stack named/.test(said)) return said;
  return `${said}\nCopy Pulumi.example.yaml to Pulumi.${stack}.yaml and fill it in, then make the stack: \`pulumi stack init ${stack}\`.`;
}

/** PATH for the CLI: its language host, which stands beside it, runs the `node` that is found there; it shall be this one. */
export const pathFor = (command: string, { PATH = "" }: NodeJS.ProcessEnv): string =>
  [dirname(process.execPath), PATH, dirname(command)].join(delimiter);
