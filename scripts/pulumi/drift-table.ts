import { isDeepStrictEqual } from "node:util";

/** One value that is not as it was deployed. */
export interface Drift {
  readonly resource: string;
  /** Path of the input; empty where the whole resource is gone. */
  readonly path: string;
  readonly deployed: unknown;
  readonly now: unknown;
}

interface State {
  readonly custom?: boolean;
  readonly inputs?: unknown;
}

/** Reads what `pulumi refresh --preview-only --json` printed. */
export function driftOf(json: string): readonly Drift[] {
  const { steps = [] }: { steps?: readonly { urn: string; oldState?: State; newState?: State }[] } = JSON.parse(json);
  return steps.flatMap(({ urn, oldState, newState }) => {
    if (oldState?.custom !== true) return [];
    const resource = urn.split("::").at(-1) ?? urn;
    if (newState === undefined) return [{ resource, path: "", deployed: "there", now: "deleted" }];
    return differences(oldState.inputs, newState.inputs, "").map((found) => ({ resource, ...found }));
  });
}

/** Bookkeeping of Pulumi's own. */
const OWN = "__defaults";

function differences(deployed: unknown, now: unknown, path: string): Omit<Drift, "resource">[] {
  if (isDeepStrictEqual(deployed, now)) return [];
  if (!isObject(deployed) || !isObject(now) || Array.isArray(deployed) !== Array.isArray(now))
    return [{ path, deployed, now }];
  const names = new Set([...Object.keys(deployed), ...Object.keys(now)]);
  names.delete(OWN);
  return [...names].flatMap((name) => differences(deployed[name], now[name], path === "" ? name : `${path}.${name}`));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** One line a value, aligned. Control characters are shown escaped: the values were written by whoever changed them. */
export function driftTable(drifts: readonly Drift[]): string {
  const rows = [
    ["resource", "what", "deployed", "now"],
    ...drifts.map(({ resource, path, deployed, now }) => [
      resource,
      path === "" ? "resource" : path,
      shown(deployed),
      shown(now),
    ]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const LONGEST = 60;

function shown(value: unknown): string {
  const text = value === undefined ? "(none)" : JSON.stringify(value).replaceAll(/\p{Cc}/gu, "?");
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text;
}
