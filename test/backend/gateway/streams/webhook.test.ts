import { createHmac } from "node:crypto";
import { afterEach, expect, test } from "@jest/globals";
import { readBody } from "../../../../backend/contract/index.ts";
import { object, unbounded } from "../../../../backend/surface/grammar.ts";
import { webhook } from "../../../../backend/surface/stream-grammar.ts";
import type { TestGateway } from "../../test-gateway.ts";
import { type StreamHandler, startStreamGateway } from "./stream-gateway.ts";

let gateway: TestGateway | undefined;
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});

const SECRET = `whsec_${Buffer.from("a secret of the sender").toString("base64")}`;
const OTHER = "another secret of before";
const config = { WEBHOOK_SECRET_PAY: `${OTHER}, ${SECRET}` };
const returns = object({ length: unbounded.integer() });
const count: StreamHandler = async (ctx) => ({ length: (await readBody(ctx)).length });
const now = () => Math.floor(Date.now() / 1000);

const startWith = (run: StreamHandler = count) =>
  startStreamGateway(
    {
      standard: { access: "public", body: webhook({ scheme: "standard", secret: "PAY" }), returns, run },
      stamped: {
        access: "public",
        body: webhook({ scheme: "timestamped", header: "x-signature", secret: "PAY" }),
        returns,
        run,
      },
    },
    { config },
  );

/** Headers of a sender that signs as standardwebhooks.com says. */
function standard(body: string, { id = "msg_1", at = now(), secret = SECRET, body: signed = body } = {}) {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const mark = createHmac("sha256", key).update(`${id}.${at}.${signed}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": String(at), "webhook-signature": `v1a,x v1,${mark}` };
}
/** And of one that signs as Stripe does. */
function stamped(body: string, { at = now(), secret = OTHER } = {}) {
  const mark = createHmac("sha256", secret).update(`${at}.${body}`).digest("hex");
  return { "x-signature": `t=${at},v1=${"0".repeat(64)},v1=${mark},v0=1` };
}
const send = (path: string, body: string, headers: Record<string, string>) =>
  gateway?.request("POST", `/api/${path}`, { body, headers });

test("a webhook whose signature is right is taken once", async () => {
  gateway = await startWith();
  const body = '{"paid":true}';
  const headers = standard(body);
  expect((await send("standard", body, headers))?.json).toEqual({ length: 13 });
  const replayed = await send("standard", body, headers);
  expect([replayed?.status, replayed?.json.error?.code]).toEqual([403, "SIGNATURE"]);
  // the sender's next try has another time
  expect((await send("standard", body, standard(body, { at: now() - 60 })))?.status).toBe(200);
  const other = stamped(body);
  expect((await send("stamped", body, other))?.status).toBe(200);
  expect((await send("stamped", body, other))?.status).toBe(403);
});

test("one that was signed with the old and the new secret is not taken again with one of the two", async () => {
  gateway = await startWith();
  const at = now();
  const keys = [OTHER, SECRET];
  const marks = keys.map((secret) => createHmac("sha256", secret).update(`${at}.{}`).digest("hex"));
  const [first, second] = marks;
  const headers = (...given: unknown[]) => ({ "x-signature": [`t=${at}`, ...given.map((one) => `v1=${one}`)].join() });
  expect((await send("stamped", "{}", headers(first, second)))?.status).toBe(200);
  expect((await send("stamped", "{}", headers(first)))?.status).toBe(403);
  expect((await send("stamped", "{}", headers(second)))?.status).toBe(403);
});

test("one whose action failed can be sent again as it is", async () => {
  let tries = 0;
  gateway = await startWith(() => {
    if (++tries === 1) throw new Error("the database is away");
    return { length: 0 };
  });
  const headers = standard("{}");
  expect((await send("standard", "{}", headers))?.status).toBe(500);
  expect((await send("standard", "{}", headers))?.status).toBe(200);
  expect((await send("standard", "{}", headers))?.status).toBe(403);
});

test.each([
  ["no signature", () => ({})],
  ["a signature of another body", (body: string) => standard(body, { body: "{ }" })],
  ["another secret", (body: string) => standard(body, { secret: "whsec_AAAA" })],
  ["another id", (body: string) => ({ ...standard(body), "webhook-id": "msg_2" })],
  ["another time", (body: string) => ({ ...standard(body), "webhook-timestamp": String(now() - 1) })],
  ["a time before the tolerance", (body: string) => standard(body, { at: now() - 310 })],
  ["a time after the tolerance", (body: string) => standard(body, { at: now() + 310 })],
  ["no time", (body: string) => ({ ...standard(body), "webhook-timestamp": "now" })],
  ["an empty signature", (body: string) => ({ ...standard(body), "webhook-signature": "v1," })],
  [
    "a shorter signature",
    (body: string) => ({ ...standard(body), "webhook-signature": standard(body)["webhook-signature"].slice(0, -8) }),
  ],
  [
    "many signatures before the right one",
    (body: string) => {
      const right = standard(body);
      const wrong = `v1,${Buffer.alloc(32).toString("base64")} `.repeat(8);
      return { ...right, "webhook-signature": wrong + right["webhook-signature"] };
    },
  ],
])("one with %s runs no action", async (_what, headersOf) => {
  let runs = 0;
  gateway = await startWith(() => ({ length: ++runs }));
  const answer = await send("standard", "{}", headersOf("{}") as Record<string, string>);
  expect([answer?.status, answer?.json.error?.code, runs]).toEqual([403, "SIGNATURE", 0]);
});

test.each([
  ["two times", (at: number, mark: string) => `t=${at},t=${at - 400},v1=${mark}`],
  ["no time", (_at: number, mark: string) => `v1=${mark}`],
  ["no signature", (at: number) => `t=${at}`],
  ["capitals in the signature", (at: number, mark: string) => `t=${at},v1=${mark.toUpperCase()}`],
  ["an old time", (at: number, mark: string) => `t=${at - 310},v1=${mark}`],
])("one with %s in its header is refused", async (_what, headerOf) => {
  gateway = await startWith();
  const at = now();
  const mark = /,v1=([0-9a-f]*[1-9a-f][0-9a-f]*),/.exec(stamped("{}", { at })["x-signature"])?.[1] ?? "";
  expect(mark).toHaveLength(64);
  expect((await send("stamped", "{}", { "x-signature": headerOf(at, mark) }))?.status).toBe(403);
});

test("a webhook without a secret stops the start, and the message names the variable", async () => {
  const start = startStreamGateway({
    standard: { access: "public", body: webhook({ scheme: "standard", secret: "NONE" }), returns, run: count },
  });
  await expect(start).rejects.toThrow(
    "POST /api/standard takes webhooks and has no secret to check them with: set WEBHOOK_SECRET_NONE",
  );
});
