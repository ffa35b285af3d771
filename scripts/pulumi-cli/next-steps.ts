/** What the operator does after an `up`. */
import { type Cli, PulumiFailed } from "./cli.ts";

export interface StackOutputs {
  readonly hostnames: readonly string[];
  /** Secret. */
  readonly tunnelToken: string;
  /** What is deployed although neither example nor story proves it. */
  readonly unproved: readonly string[];
}

/** @throws PulumiFailed where the outputs cannot be read, though the stack is up */
export async function readOutputs(cli: Cli): Promise<StackOutputs> {
  const { code, output, errors } = await cli.read(["stack", "output", "--json", "--show-secrets"]);
  if (code !== 0) throw new PulumiFailed(`The stack is up, but its outputs cannot be read: ${errors.trim()}`);
  const { hostnames, tunnelToken, unproved = [] }: Partial<StackOutputs> = JSON.parse(output);
  if (hostnames === undefined || tunnelToken === undefined) {
    throw new PulumiFailed("The stack is up, but has no outputs `hostnames` and `tunnelToken`: is it this program's?");
  }
  return { hostnames, tunnelToken, unproved };
}

export interface NextSteps {
  readonly stack: string;
  readonly tokenFile: string;
  readonly hostnames: readonly string[];
  /** `hostnames` in the state before the run; no list where the stack is new. */
  readonly hostnamesBefore: unknown;
  /** `DATA_DIR`, where it is set: the backend then needs it as well. */
  readonly dataDir: string | undefined;
}

export function nextStepLines({ stack, tokenFile, hostnames, hostnamesBefore, dataDir }: NextSteps): readonly string[] {
  const origins = hostnames.map((hostname) => `https://${hostname}`).join(",");
  const backend = `${dataDir === undefined ? "" : `DATA_DIR=${quoted(dataDir)} `}ORIGINS=${origins} npm run backend`;
  const connector = `TUNNEL_TOKEN_FILE=${quoted(tokenFile)} npm run connector`;
  const before = Array.isArray(hostnamesBefore) ? hostnamesBefore : undefined;
  const added = before === undefined ? [] : hostnames.filter((hostname) => !before.includes(hostname));
  return [
    `The tunnel's token is in ${tokenFile}.`,
    ...(added.length === 0
      ? ["The backend, and on the same machine, in another terminal, a connector:", `  ${backend}`, `  ${connector}`]
      : [
          `New: ${added.join(", ")}. Restart the backend with the new ORIGINS; until then it refuses to register and ` +
            "to sign in there:",
          `  ${backend}`,
          "Connectors that run serve it already. One more is started with:",
          `  ${connector}`,
        ]),
    `\`npm run drift -- --stack ${stack}\` shows whether anybody changed something by hand.`,
  ];
}

/** For a POSIX shell. */
const quoted = (text: string): string => (/^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
