import { expect, test } from "@jest/globals";
import { HOST, TestSite } from "../../../../infra/local/edge/test-site.ts";

test("a body in chunks is cut off where it exceeds the limit, with 413, and the origin hears of it", async () => {
  const gone = Promise.withResolvers<void>();
  const testSite = await TestSite.build((request) => request.resume().once("close", gone.resolve), {
    edge: { maxBodyBytes: 100_000 },
  });
  try {
    const head = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const reply = await testSite.raw(head + `2710\r\n${"x".repeat(10_000)}\r\n`.repeat(20), (text) =>
      text.includes("Ray"),
    );
    expect(reply).toMatch(/^HTTP\/1\.1 413 /);
    await gone.promise;
    expect((await testSite.over(1))[0]?.failure?.message).toContain("100000");
  } finally {
    await testSite.close();
  }
});

test("the plan's own limit holds where nothing else is said", async () => {
  const testSite = await TestSite.build((request, response) => request.resume().on("end", () => response.end()), {
    plan: "free",
  });
  try {
    const head = (length: number) => `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${length}\r\n\r\n`;
    expect(await testSite.raw(head(100_000_001), (text) => text.includes("Ray"))).toMatch(/^HTTP\/1\.1 413 /);

    // an undetermined rule lets the request pass and is reported
    await testSite.deploy("http_request_firewall_custom", [
      { ref: "bots", expression: "cf.client.bot", action: "block" },
    ]);
    expect((await testSite.get("/")).status).toBe(200);
    const verdict = (await testSite.over(2))[1]?.verdict;
    expect(verdict).toMatchObject({ outcome: "undetermined", undetermined: ["cf.client.bot"] });
  } finally {
    await testSite.close();
  }
});
