import { relative } from "node:path";
import { unprovedLines } from "../../infra/config.ts";
import type { LocalApi } from "../../infra/local/api/index.ts";
import { deploymentLines } from "../../infra/local/console/index.ts";
import { tokenFile } from "../stack-connectors/token-file.ts";
import type { LocalSite } from "./local-site.ts";

/**
 * What `npm start` prints when the site runs: the addresses, what the program did, and the deployed rules and limits.
 * `seconds` is how long the start took.
 */
export function bannerLines(site: LocalSite, seconds: number): readonly string[] {
  const { api, applied, backend, chat, connector, dataDir, hostname, tunnel } = site;
  const zone = api.cloud.zoneOf(hostname);
  const unproved = unprovedLines(Array.isArray(applied.outputs.unproved) ? applied.outputs.unproved : []);
  const folder = relative(process.cwd(), dataDir) || ".";
  return [
    "",
    `Causeway is up after ${seconds.toFixed(1)} s. The page: ${chat}`,
    ...(backend.setupPath === undefined
      ? []
      : [`There is no administrator yet. Register the first one: ${chat}${backend.setupPath}`]),
    "",
    `  console     ${site.siteConsole.address}  what passes; the address works once`,
    `  edge        ${site.edge.url}  takes the zone's hostnames; counts as TLS for the rules`,
    `  tunnel      ${tunnel.address}  ${connectorText(connector)}`,
    `              another: TUNNEL_TOKEN_FILE=${tokenFile(folder)} TUNNEL_EDGE=${tunnel.address} ` +
      `TUNNEL_CACERT=${folder}/certificates/ca.pem npm run connector`,
    `  gateway     ${backend.url}  behind the tunnel; its log is ${folder}/backend.log`,
    `  Cloudflare  ${api.url}  its API on this machine`,
    ...accessLines(api),
    ...(backend.outbox === undefined ? [] : [`  mail        ${folder}/outbox/  one file a mail; MAIL_URL sends them`]),
    `  record      ${folder}/requests.ndjson  every request, without secrets and bodies`,
    `  data        ${folder}/  users, messages, keys and what is deployed`,
    "",
    `The program infra/index.ts: ${stepsText(applied.steps)}`,
    ...applied.warnings
      .filter((warning) => !unproved.includes(warning))
      .map((warning) => `  warning: ${warning.replaceAll("\n", "\n    ")}`),
    ...(zone ? deploymentLines(zone) : []),
    "",
    "Each request appears below, and each error of the backend. Ctrl-C ends everything.",
    ...unproved,
    "",
  ];
}

/** What is behind Access, each application on a line. */
function accessLines({ accountId, cloud }: LocalApi): readonly string[] {
  const apps = cloud.accessAccounts().find(({ id }) => id === accountId)?.access.apps ?? [];
  return apps
    .slice(0, MAX_APPLICATIONS)
    .map(({ domain }) => `  Access      ${domain}  behind a login page that takes any address`);
}

/** Applications of Access that are listed. */
const MAX_APPLICATIONS = 8;

function connectorText({ kind, version }: LocalSite["connector"]): string {
  return kind === "cloudflared"
    ? `cloudflared ${version} is connected`
    : "our own connector is connected (no cloudflared on PATH)";
}

/** `nothing to change`, or how many resources were created, updated, replaced and deleted. */
export function stepsText(steps: readonly { readonly op: string }[]): string {
  const counts = new Map<string, number>();
  for (const { op } of steps) if (op !== "same") counts.set(op, (counts.get(op) ?? 0) + 1);
  if (counts.size === 0) return `${steps.length} resources, nothing to change`;
  return [...counts]
    .map(([op, count]) => `${count} ${PAST[op] ?? op}`)
    .join(", ")
    .concat(`, of ${steps.length} resources`);
}

const PAST: Readonly<Record<string, string>> = {
  create: "created",
  import: "imported",
  update: "updated",
  replace: "replaced",
  delete: "deleted",
  forget: "forgotten",
};
