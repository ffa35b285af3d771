/** What the operator does after an `up`. */
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
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
  /** What the gateway checks of Cloudflare Access; absent where administrators do not come through it. */
  readonly backendAccess?: BackendAccess;
}

interface BackendAccess {
  readonly team: string;
  /** Audiences, divided by commas. */
  readonly audience: string;
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

export interface NextSteps extends Pick<StackOutputs, "role" | "origin" | "hostnames" | "backendAccess"> {
  readonly stack: string;
  /** Undefined where the token was not written: then neither backend nor connector runs on this machine. */
  readonly tokenFile: string | undefined;
  /** The outputs in the state before the run; none of them where the stack is new. */
  readonly before: { readonly hostnames?: unknown; readonly backendAccess?: unknown };
  /** `DATA_DIR`, where it is set: the backend then needs it as well. */
  readonly dataDir: string | undefined;
}

export function nextStepLines(steps: NextSteps): readonly string[] {
  const { stack, tokenFile } = steps;
  const reasons = reasonsToRestart(steps);
  return [
    ...(tokenFile === undefined ? elsewhereLines(steps, reasons) : hereLines(steps, tokenFile, reasons)),
    `\`npm run drift -- --stack ${stack}\` shows whether anybody changed something by hand.`,
  ];
}

/** What a running backend does not know yet. Empty for a new stack, whose backend does not run. */
function reasonsToRestart({ hostnames, backendAccess, before }: NextSteps): readonly string[] {
  const known = before.hostnames;
  if (!Array.isArray(known)) return [];
  const added = hostnames.filter((hostname) => !known.includes(hostname));
  return [
    ...(added.length === 0
      ? []
      : [`New: ${added.join(", ")}. Restart the backend: until then it refuses to register and to sign in there.`]),
    ...(isDeepStrictEqual(before.backendAccess, backendAccess)
      ? []
      : [`${accessInWords(backendAccess)}. Restart the backend: until then it checks assertions as before.`]),
  ];
}

const accessInWords = (access: BackendAccess | undefined): string =>
  access === undefined
    ? "New: administrators do not come through Cloudflare Access any more"
    : "New: administrators come through Cloudflare Access, or with another audience";

/** What all stacks give their backend. Of the two for Access, both or none. */
const siteVariables = ({ hostnames, backendAccess }: NextSteps): readonly string[] => [
  ...(backendAccess === undefined
    ? []
    : [`ACCESS_TEAM=${backendAccess.team}`, `ACCESS_AUDIENCE=${backendAccess.audience}`]),
  `ORIGINS=${hostnames.map((hostname) => `https://${hostname}`).join(",")}`,
];

function elsewhereLines(steps: NextSteps, reasons: readonly string[]): readonly string[] {
  return [
    "The tunnel's token was not written to a file. This prints it: " +
      `\`pulumi stack output tunnelToken --show-secrets --stack ${steps.stack}\``,
    ...(reasons.length === 0 ? [] : [...reasons, `Its variables: ${siteVariables(steps).join(" ")}`]),
  ];
}

function hereLines(steps: NextSteps, tokenFile: string, reasons: readonly string[]): readonly string[] {
  const { role, origin } = steps;
  // a guest's backend keeps its data beside its token, since the owner's may be on the same machine
  const dataDir = role === "guest" ? dirname(tokenFile) : steps.dataDir;
  const variables = [
    ...(dataDir === undefined ? [] : [`DATA_DIR=${quoted(dataDir)}`]),
    ...(origin === DEFAULTS.origin ? [] : portOf(origin)),
    ...siteVariables(steps),
  ];
  const backend = `${variables.join(" ")} npm run backend`;
  const connector = `TUNNEL_TOKEN_FILE=${quoted(tokenFile)} npm run connector`;
  return [
    `The tunnel's token is in ${tokenFile}.`,
    ...(reasons.length === 0
      ? ["The backend, and on the same machine, in another terminal, a connector:", `  ${backend}`, `  ${connector}`]
      : [
          ...reasons,
          "The backend:",
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
