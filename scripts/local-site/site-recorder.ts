import { join } from "node:path";
import { surfaceFiles } from "../../backend/surface.ts";
import { Recorder } from "../../infra/local/console/index.ts";

/** Starts the record of a site's requests, in `requests.ndjson` of its data folder. */
export function startRecorder(dataDir: string, warn: (line: string) => void): Recorder {
  return new Recorder({ file: join(dataDir, "requests.ndjson"), secretParameters: secretsIn(surfaceFiles), warn });
}

/** Names of all members that are marked as secrets, wherever they are in the surface. */
function secretsIn(part: unknown): readonly string[] {
  if (typeof part !== "object" || part === null) return [];
  return Object.entries(part).flatMap(([name, member]) => [
    ...(member?.secret === true ? [name] : []),
    ...secretsIn(member),
  ]);
}
