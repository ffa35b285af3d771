/** What the operator does after an `up`. */
import { dirname } from "node:path";
import { DEFAULTS } from "../../infra/site-config.ts";
import { type Cli, PulumiFailed } from "./cli.ts";

export interface StackOutputs {
  readonly hostnames: readonly string[];
  /** Secret. */
  readonly tunnelToken: string;
  /** What is deployed although neither example nor story proves it. */
  readonly unproved: readonly string[];
  readonly role: "owner" | "guest";
  /** Where the connector finds the gateway. */
  readonly origin: string;
}

/** @throws PulumiFailed where the outputs cannot be read, though the stack is up */
export async function readOutputs(cli: Cli): Promise<StackOutputs> {
  const { code, output, errors } = await cli.read(["stack", "output", "--json", "--show-secrets"]);
  if (code !== 0) throw new PulumiFailed(`The stack is up, but its outputs cannot be read: ${errors.trim()}`);
  const { hostnames, tunnelToken, unproved = [], ...more }: Partial<StackOutputs> = JSON.parse(output);
  if (hostnames === undefined || tunnelToken === undefined) {
    throw new PulumiFailed("The stack is up, but has no outputs `hostnames` and `tunnelToken`: is it this program's?");
  }
  return { role: DEFAULTS.role, origin: DEFAULTS.origin, ...more, hostnames, tunnelToken, unproved };
}

export interface NextSteps {
  readonly stack: string;
  /** Undefined where the token was not written: then neither backend nor connector runs on this machine. */
  readonly tokenFile: string | undefined;
  /** A guest's backend keeps its data beside its token, since the owner's may be on the same machine. */
  readonly role: "owner" | "guest";
  readonly origin: string;
  readonly hostnames: readonly string[];
  /** `hostnames` in the state before the run; no list where the stack is new. */
  readonly hostnamesBefore: unknown;
  /** `DATA_DIR`, where it is set: the backend then needs it as well. */
  readonly dataDir: string | undefined;
}

export function nextStepLines(steps: NextSteps): readonly string[] {
  const { stack, tokenFile, hostnames, hostnamesBefore } = steps;
  const before = Array.isArray(hostnamesBefore) ? hostnamesBefore : undefined;
  const added = before === undefined ? [] : hostnames.filter((hostname) => !before.includes(hostname));
  return [
    ...(tokenFile === undefined ? elsewhereLines(steps, added) : hereLines(steps, tokenFile, added)),
    `\`npm run drift -- --stack ${stack}\` shows whether anybody changed something by hand.`,
  ];
}

const originsOf = ({ hostnames }: NextSteps): string =>
  `ORIGINS=${hostnames.map((hostname) => `https://${hostname}`).join(",")}`;

const restartLine = (added: readonly string[], command: string): string =>
  `New: ${added.join(", ")}. Restart the backend with ${command}; until then it refuses to register and to sign in ` +
  "there";

function elsewhereLines(steps: NextSteps, added: readonly string[]): readonly string[] {
  return [
    "The tunnel's token was not written to a file. This prints it: " +
      `\`pulumi stack output tunnelToken --show-secrets --stack ${steps.stack}\``,
    ...(added.length === 0 ? [] : [`${restartLine(added, originsOf(steps))}.`]),
  ];
}

function hereLines(steps: NextSteps, tokenFile: string, added: readonly string[]): readonly string[] {
  const { role, origin } = steps;
  const dataDir = role === "guest" ? dirname(tokenFile) : steps.dataDir;
  const variables = [
    ...(dataDir === undefined ? [] : [`DATA_DIR=${quoted(dataDir)}`]),
    ...(origin === DEFAULTS.origin ? [] : portOf(origin)),
    originsOf(steps),
  ];
  const backend = `${variables.join(" ")} npm run backend`;
  const connector = `TUNNEL_TOKEN_FILE=${quoted(tokenFile)} npm run connector`;
  return [
    `The tunnel's token is in ${tokenFile}.`,
    ...(added.length === 0
      ? ["The backend, and on the same machine, in another terminal, a connector:", `  ${backend}`, `  ${connector}`]
      : [
          `${restartLine(added, "the new ORIGINS")}:`,
          `  ${backend}`,
          "Connectors that run serve it already. One more is started with:",
          `  ${connector}`,
        ]),
  ];
}

/** The port of an origin on the machine of the connector; another machine's backend is started there. */
function portOf(origin: string): readonly string[] {
  const { hostname, port } = new URL(origin);
  return ["127.0.0.1", "localhost", "[::1]"].includes(hostname) && port !== "" ? [`PORT=${port}`] : [];
}

/** For a POSIX shell. */
const quoted = (text: string): string => (/^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
