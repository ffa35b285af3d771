import type Cloudflare from "cloudflare";
import { openAccount } from "../cloudflare-account/account.ts";
import { type ConnectedClient, type StackTunnel, tunnelOf } from "../cloudflare-account/tunnel.ts";
import { isExpectedFailure, withProgress } from "../command-line/index.ts";
import type { OperatorStack } from "../pulumi-cli/operator.ts";
import { kindOf, type StateResource } from "../pulumi-cli/stack-state.ts";
import { accessChecks, isProtected, protectedPlaces } from "./access-checks.ts";
import { recordChecks, tunnelCheck } from "./account-checks.ts";
import { type CheckState, type StatusCheck, stateOf } from "./check.ts";
import { driftCheck } from "./drift-check.ts";
import { requestThroughEdge, type StatusEdge } from "./edge-request.ts";
import { type HealthExchange, requestHealth } from "./health-request.ts";
import { reachConnectors } from "./reach-connectors.ts";
import {
  certificateCheck,
  connectorChecks,
  requestsCheck,
  serviceCheck,
  unaskedConnectors,
  worseCertificate,
} from "./site-checks.ts";

export interface StatusReport {
  readonly stack: string;
  /** RFC 3339. */
  readonly checkedAt: string;
  readonly state: CheckState;
  readonly checks: readonly StatusCheck[];
  readonly connectors: readonly ConnectedClient[];
}

export interface StatusOptions {
  readonly edge: StatusEdge;
  /** Milliseconds for one request through the edge. */
  readonly timeoutMs: number;
  readonly skipsDrift: boolean;
}

/**
 * Looks at the tunnel, its connectors, the records, the certificates, the gateway and Access, then at the drift. What
 * cannot be read is "not known". Reads only. @throws PulumiFailed where the state cannot be read, StackConfigError
 * where there is no API token
 */
export async function readStatus(operator: OperatorStack, options: StatusOptions): Promise<StatusReport> {
  const { cli, stack, env } = operator;
  const { resources, pending, outputs } = await cli.state();
  const checkedAt = new Date().toISOString();
  const report = (checks: readonly StatusCheck[], connectors: readonly ConnectedClient[] = []): StatusReport => {
    return { stack, checkedAt, state: stateOf(checks), checks, connectors };
  };
  const hostnames = gatewayHostnames(resources, outputs);
  const api = await openAccount(cli, env);
  const tunnel = tunnelOf(resources, api);
  if (tunnel === undefined || hostnames.length === 0) {
    const message = `nothing is deployed: \`npm run up -- --stack ${stack}\` deploys it`;
    return report([{ name: "tunnel", subject: stack, state: "wrong", message }]);
  }
  const looking = "Looking at the tunnel, the records and the site.";
  const account = await withProgress(looking, accountChecks(api, tunnel, resources));
  const places = protectedPlaces(resources);
  const open = hostnames.filter((hostname) => !isProtected(places, hostname, "/api/health"));
  const site = await withProgress(looking, siteChecks(open, account.connectors, options));
  const services = textsOf(outputs.services).filter((service) => !isProtected(places, ...hostAndPath(service)));
  const asked = await withProgress(looking, serviceChecks(services, options));
  const access = orUnknown({ name: "application", subject: "all" }, () => accessChecks(api, places, options));
  const checks = [...account.checks, ...site, ...asked, ...(await withProgress(looking, access))];
  if (options.skipsDrift) return report(checks, account.connectors);
  const drift = orUnknown({ name: "drift", subject: stack }, async () => [
    await driftCheck(operator, pending, !account.isDeleted),
  ]);
  checks.push(...(await withProgress("Comparing what is deployed with Cloudflare.", drift)));
  return report(checks, account.connectors);
}

/** The hostnames with a record that the gateway serves. In the state of an earlier version, all of them. */
function gatewayHostnames(
  resources: readonly StateResource[],
  outputs: Readonly<Record<string, unknown>>,
): readonly string[] {
  const recorded = resources.filter((one) => kindOf(one) === "record").map(({ inputs }) => String(inputs?.name));
  const served = textsOf(outputs.hostnames);
  return served.length === 0 ? recorded : recorded.filter((hostname) => served.includes(hostname));
}

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];

interface AccountFindings {
  readonly checks: readonly StatusCheck[];
  readonly connectors: readonly ConnectedClient[];
  /** The tunnel was deleted elsewhere. */
  readonly isDeleted: boolean;
}

async function accountChecks(
  api: Cloudflare,
  tunnel: StackTunnel,
  resources: readonly StateResource[],
): Promise<AccountFindings> {
  let connectors: readonly ConnectedClient[] = [];
  let isDeleted = false;
  const [tunnels, records] = await Promise.all([
    orUnknown({ name: "tunnel", subject: tunnel.id }, async () => {
      const { status, deletedAt } = await tunnel.read();
      isDeleted = deletedAt !== undefined;
      if (!isDeleted) connectors = await tunnel.connectors();
      return [tunnelCheck(tunnel.id, isDeleted ? `deleted elsewhere (${deletedAt})` : status)];
    }),
    orUnknown({ name: "record", subject: "all" }, () => recordChecks(api, resources, tunnel.id)),
  ]);
  return { checks: [...tunnels, ...records], connectors, isDeleted };
}

/**
 * The hostnames that no application protects: the connectors are looked for through the first, each other one gets one
 * request.
 */
async function siteChecks(
  [first, ...others]: readonly string[],
  connectors: readonly ConnectedClient[],
  { edge, timeoutMs }: StatusOptions,
): Promise<readonly StatusCheck[]> {
  const ids = connectors.map(({ id }) => id);
  const now = Date.now();
  if (first === undefined) return unaskedConnectors(connectors, now);
  const looked = async (hostname: string, expected: readonly ConnectedClient[], most?: number) => {
    let certificate: HealthExchange["certificate"];
    const send = async () => {
      const exchange = await requestHealth({ hostname, edge, timeoutMs }, ids);
      certificate = worseCertificate(certificate, exchange.certificate);
      return exchange.outcome;
    };
    const requests = await reachConnectors(send, expected, most);
    const shown = certificateCheck(hostname, certificate, { isTls: edge.isTls, now });
    const checks = [requestsCheck(hostname, requests), ...(shown === undefined ? [] : [shown])];
    return { requests, checks };
  };
  const [main, ...rest] = await Promise.all([
    looked(first, connectors),
    ...others.map((hostname) => looked(hostname, [], 1)),
  ]);
  return [...connectorChecks(connectors, main.requests, now), ...[main, ...rest].flatMap(({ checks }) => checks)];
}

/** Each service gets one request, at `hostname` or `hostname/path`. What it responds is its own; an error is told. */
async function serviceChecks(
  services: readonly string[],
  { edge, timeoutMs }: StatusOptions,
): Promise<readonly StatusCheck[]> {
  const now = Date.now();
  const checked = services.map(async (service) => {
    const [hostname, path] = hostAndPath(service);
    const exchange = await requestThroughEdge({ hostname, path, edge, timeoutMs });
    const shown = certificateCheck(hostname, exchange.certificate, { isTls: edge.isTls, now });
    return [serviceCheck(service, exchange), ...(shown === undefined ? [] : [shown])];
  });
  return (await Promise.all(checked)).flat();
}

/** `HOSTNAME` or `HOSTNAME/PATH` in its two parts. */
function hostAndPath(service: string): readonly [hostname: string, path: string] {
  const [hostname = "", ...path] = service.split("/");
  return [hostname, `/${path.join("/")}`];
}

/** What fails is not known, with the reason. */
async function orUnknown(
  what: Pick<StatusCheck, "name" | "subject">,
  look: () => Promise<readonly StatusCheck[]>,
): Promise<readonly StatusCheck[]> {
  try {
    return await look();
  } catch (error) {
    if (!isExpectedFailure(error)) throw error;
    return [{ ...what, state: "not known", message: error.message }];
  }
}
