import { expect, test } from "@jest/globals";
import type { Meta } from "../../../../backend/contract/index.ts";
import { startTestGateway } from "../../test-gateway.ts";

test("an action gets the client's User-Agent, cut to 200 characters, and no connector", async () => {
  const seen: Meta[] = [];
  const gateway = await startTestGateway({
    "users.login": ({ meta }: { meta: Meta }) => {
      seen.push(meta);
      return { ok: true } as never;
    },
  });
  const headers = { "user-agent": "x".repeat(300), "cf-ray": "0123456789abcdef-AMS", "cf-warp-tag-id": "tag" };
  await gateway.request("POST", "/api/auth/login", { body: { email: "a@example.com", password: "guess" }, headers });
  await gateway.stop();
  expect(seen.map(({ client }) => client)).toEqual([{ address: "127.0.0.1", userAgent: "x".repeat(200) }]);
});
