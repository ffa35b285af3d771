import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./free-port.ts";

/** Where the parts listen at 127.0.0.1. 0 takes any free port. */
export interface Ports {
  /** What browsers open. */
  readonly edge: number;
  readonly gateway: number;
  readonly api: number;
  /** Where connectors dial. */
  readonly tunnel: number;
  /** Where pages of `npm run dev` hear that there is another version of them. */
  readonly reload: number;
  readonly console: number;
}

const DEFAULTS: Ports = { edge: 8080, gateway: 3000, api: 8787, tunnel: 7844, reload: 35_729, console: 4040 };
const PARTS = Object.keys(DEFAULTS) as readonly (keyof Ports)[];

/**
 * Chooses the ports of this run: those of the last run, so that nothing that is deployed has to change. Where another
 * program uses one, the next free one. They are written into the data folder for the next run.
 *
 * @param required ports that the user asked for: no other is chosen instead, and they are not written for the next run
 * @throws CommandError where a fixed port, or 100 ports in a row, are in use
 */
export async function choosePorts(
  dataDir: string,
  wanted: Partial<Ports> = {},
  required: Partial<Ports> = {},
): Promise<Ports> {
  const file = join(dataDir, "ports.json");
  const first = { ...DEFAULTS, ...remembered(file), ...wanted };
  const ports = { ...required } as Record<keyof Ports, number>;
  for (const port of Object.values(required)) await freePort(port, new Set(), 1);
  for (const part of PARTS) ports[part] ??= await freePort(first[part], new Set(Object.values(ports)));
  const remember = PARTS.map((part) => [part, required[part] === undefined ? ports[part] : first[part]] as const);
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(remember))}\n`, { mode: 0o600 });
  return ports;
}

/** The ports of the last run; none where the file is missing or cannot be read. */
function remembered(file: string): Partial<Ports> {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    const known = PARTS.map((part) => [part, (value as Record<string, unknown>)[part]] as const);
    return Object.fromEntries(
      known.filter(([, port]) => Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536),
    );
  } catch {
    return {};
  }
}
