import { alignColumns } from "../command-line/index.ts";
import type { PermissionLine, TokenReport } from "./report.ts";

/** The report for people. */
export function tokenReportText({ stack, zone, token, permissions, link }: TokenReport): string {
  const cells = permissions.map(({ dashboard, scope, state, uses }) => [dashboard, scope, state, uses.join(", ")]);
  const rows = [["permission", "for the", "token", "needed for"], ...cells];
  return [
    `What the API token of ${stack} needs, by the dashboard's names:`,
    "",
    ...alignColumns(rows).map((line) => `  ${line}`),
    "",
    "This link opens the dashboard's form for a new token, filled in:",
    `  ${link}`,
    ...linkNotes(permissions),
    `Limit the token to the zone ${zone} and to its account.`,
    "",
    ...findingLines(token, permissions, stack),
  ].join("\n");
}

function linkNotes(permissions: readonly PermissionLine[]): readonly string[] {
  const names = (how: PermissionLine["inLink"]) =>
    permissions.filter(({ inLink }) => inLink === how).map(({ dashboard }) => dashboard);
  const [missing, unsure] = [names("no"), names("not documented")];
  return [
    ...(missing.length === 0 ? [] : [`The link cannot select ${missing.join(", ")}: add it in the form.`]),
    ...(unsure.length === 0
      ? []
      : [`Look whether the form has ${unsure.join(", ")}: Cloudflare does not document how a link selects it.`]),
  ];
}

function findingLines(
  { state, reason }: TokenReport["token"],
  permissions: readonly PermissionLine[],
  stack: string,
): readonly string[] {
  if (state === "none") {
    return [
      `There is no API token yet: \`pulumi config set --secret cloudflare:apiToken --stack ${stack}\` stores it.`,
    ];
  }
  if (state !== "accepted") return [`The present token: ${reason}`];
  const lines = (wanted: PermissionLine["state"]) =>
    permissions
      .filter((permission) => permission.state === wanted)
      .map(({ dashboard, reason }) => `  ${dashboard}: ${reason}`);
  const [missing, unknown] = [lines("missing"), lines("not known")];
  if (missing.length + unknown.length === 0) return ["The present token has all of it."];
  return [
    ...(missing.length === 0 ? [] : ["The present token lacks:", ...missing]),
    ...(unknown.length === 0 ? [] : ["Not known of the present token:", ...unknown]),
  ];
}
