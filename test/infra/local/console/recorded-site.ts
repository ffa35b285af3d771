import type { RequestListener } from "node:http";
import { Recorder } from "../../../../infra/local/console/index.ts";
import { TestSite } from "../edge/test-site.ts";

/** A site whose requests are recorded; a warning of the recorder fails the test. Without `origin`, it responds `ok`. */
export async function startRecordedSite(
  origin: RequestListener = (_request, response) => void response.end("ok"),
  secretParameters: readonly string[] = [],
): Promise<{ readonly site: TestSite; readonly recorder: Recorder }> {
  const warn = (line: string) => {
    throw new Error(line);
  };
  const recorder = new Recorder({ secretParameters, warn });
  return { recorder, site: await TestSite.build(origin, { edge: { onTrace: recorder.onTrace } }) };
}
