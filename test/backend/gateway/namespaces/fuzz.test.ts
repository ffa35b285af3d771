import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { WebSocket } from "ws";
import type { TestGateway } from "../../test-gateway.ts";
import { NO_LIMITS } from "../../test-options.ts";
import { tokenOf } from "../../test-tokens.ts";
import { startNamespaceGateway } from "./namespace-gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startNamespaceGateway({}, { limits: NO_LIMITS });
});
afterAll(() => gateway.stop());

const name = fc.oneof(
  fc.constantFrom("/jobs", "/open", "/staff", "/", "", "/__proto__", "/jobs/", "//", "/jobs?x=1", "/jobs#"),
  fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => `/${text}`),
);
const auth = fc.oneof(
  fc.constantFrom("", "{}", "[]", "null", '{"token":1}', '{"token":{}}', '{"__proto__":{"token":"x"}}', "{", '"x"'),
  fc.json({ maxDepth: 3 }),
);
const packet = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("0", "1", "2", "3", "4", "5", "6", "51-", "2", "0"),
      name,
      fc.constantFrom(",", "", ",1"),
      auth,
    )
    .map((parts) => parts.join("")),
  fc.string({ unit: "binary", maxLength: 40 }),
);

/** Sends packets of Socket.IO over one WebSocket; returns what came back, when the gateway has read all of them. */
async function talk(packets: readonly string[]): Promise<readonly string[]> {
  const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/socket.io/?EIO=4&transport=websocket`);
  const came: string[] = [];
  client.on("error", () => undefined).on("message", (data) => came.push(String(data)));
  await once(client, "open");
  for (const one of [...packets, END]) client.send(`4${one}`);
  const isOver = () => client.readyState === client.CLOSED || came.some((one) => one.startsWith(`44${END.slice(1)}`));
  while (!isOver()) await Promise.race([once(client, "message"), once(client, "close")]);
  client.terminate();
  return came;
}
/** Refused, so that its answer shows that what came before has been read. */
const END = "0/no-such-end,";

test("H3: no CONNECT packet without a valid token lets a client in, and none ends the process", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(packet, { minLength: 1, maxLength: 6 }), async (packets) => {
      const joined = (await talk(packets)).filter((one) => one.startsWith("40") && !one.startsWith("40/open,"));
      expect(joined).toEqual([]);
    }),
    { numRuns: 300 },
  );
  expect((await gateway.request("GET", "/api/openapi.json")).status).toBe(200);
});

test("H3: no packet of a client that is in a namespace brings it into another one", async () => {
  const join = `0/jobs,${JSON.stringify({ token: tokenOf("ann") })}`;
  await fc.assert(
    fc.asyncProperty(fc.array(packet, { minLength: 1, maxLength: 6 }), async (packets) => {
      const joined = (await talk([join, ...packets])).filter((one) => /^40(?!\/(?:open|jobs),)/.test(one));
      expect(joined).toEqual([]);
    }),
    { numRuns: 200 },
  );
  expect((await gateway.request("GET", "/api/openapi.json")).status).toBe(200);
});
