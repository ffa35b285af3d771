/**
 * An API with the responses of the recording: the calls of a provider under test are compared with those of the real
 * one.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

type Json = Record<string, unknown>;

export interface RecordedCall {
  method: string;
  path: string;
  body?: unknown;
  status: number;
  result?: unknown;
}

interface RecordedResource {
  name: string;
  type: string;
  id: string;
  inputs: Json;
  inputsAfterChange?: Json;
  outputs: Json;
}

interface Recording {
  resources: RecordedResource[];
  phases: Record<"preview" | "up" | "second preview" | "refresh" | "up after the change" | "destroy", RecordedCall[]>;
}

/** The recording, its secrets as plain values. */
export const recording: Recording = JSON.parse(
  readFileSync(new URL("./corpus/provider-calls.json", import.meta.url), "utf8"),
  (_key, value) => (value !== null && typeof value === "object" && "<secret>" in value ? value["<secret>"] : value),
);

/** Serves one phase of the recording. Requests that were not recorded get 404, and are in `calls` too. */
export async function withReplay<Result>(
  phase: readonly RecordedCall[],
  use: (baseURL: string, calls: RecordedCall[]) => Promise<Result>,
): Promise<Result> {
  const calls: RecordedCall[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const method = request.method ?? "";
    const path = decodeURIComponent((request.url ?? "").replace("/client/v4", ""));
    const known = phase.find((call) => call.method === method && call.path === path);
    const call = { method, path, ...(text === "" ? {} : { body: JSON.parse(text) }), status: known?.status ?? 404 };
    calls.push(call);
    response.writeHead(call.status, { "content-type": "application/json" });
    response.end(
      call.status === 204
        ? undefined
        : JSON.stringify({ success: known !== undefined, errors: [], messages: [], result: known?.result ?? null }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/client/v4`, calls);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
