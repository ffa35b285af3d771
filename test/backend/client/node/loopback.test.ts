import { expect, test } from "@jest/globals";
import { createClient } from "../../../../backend/client/node/index.ts";
import { isLoopbackName, lookupLoopback } from "../../../../backend/client/node/loopback.ts";
import { readConfig } from "../../../../backend/config.ts";
import { startBackend } from "../../../../backend/main.ts";
import { testStorage } from "../../store/test-storage.ts";
import { testModules } from "../../test-modules.ts";

const PASSWORD = "correct horse battery";

test("D6: a name below localhost is this machine, and no other name is", () => {
  for (const name of ["localhost", "LOCALHOST.", "chat.causeway.localhost", "a.b.Localhost."])
    expect([name, isLoopbackName(name)]).toEqual([name, true]);
  for (const name of ["localhost.example.org", "notlocalhost", "example.org", "", "127.0.0.1", "localhost..", "."])
    expect([name, isLoopbackName(name)]).toEqual([name, false]);
});

test.each([
  [{}, ["127.0.0.1", 4]],
  [{ family: 6 }, ["::1", 6]],
  [{ family: "IPv4" }, ["127.0.0.1", 4]],
  [{ all: true, family: 6 }, [[{ address: "::1", family: 6 }]]],
] as const)("D6: a look-up with %j gives loopback addresses of that family", (options, expected) => {
  const found: unknown[] = [];
  lookupLoopback("chat.causeway.localhost", options, (_error, ...rest) => void found.push(...rest));
  expect(found.filter((one) => one !== undefined)).toEqual(expected);
});

test.each(["", "chat.example.org", "ftp://localhost", "http://localhost/chat", "http://me:secret@localhost"])(
  "D6: %j is no origin, and the error says what one looks like",
  (url) => expect(() => createClient(url)).toThrow(/give its origin, such as https:\/\/chat\.example\.org/),
);

test("D6, D8: programs sign in and chat under a name of localhost, and hear events with their types", async () => {
  const storage = await testStorage();
  const backend = await startBackend(readConfig({ PORT: "0", ...storage.env, LOG_LEVEL: "silent" }), {
    modules: testModules(),
  });
  const url = `http://chat.causeway.localhost:${new URL(backend.url).port}`;
  const [ada, bob] = [createClient(url), createClient(url)];
  try {
    await expect(ada.untilOnline()).rejects.toMatchObject({ code: "SIGN_IN" });
    await ada.register({ email: "ada@example.org", password: PASSWORD, name: "Ada" });
    await bob.register({ email: "bob@example.org", password: PASSWORD, name: "Bob" });
    await Promise.all([ada.untilOnline(), bob.untilOnline()]);
    await Promise.all([ada.join("lobby"), bob.join("lobby")]);
    const heard: string[] = [];
    const both = new Promise<void>((resolve) => {
      const stop = bob.on("message", ({ author, text }) => {
        heard.push(`${author.name}: ${text}`);
        if (heard.length < 2) return;
        stop();
        resolve();
      });
    });
    ada.send("lobby", "one");
    ada.send("lobby", "two");
    await ada.untilSent();
    await both;
    bob.send("lobby", "no listener is left");
    await bob.untilSent();
    expect(heard).toEqual(["Ada: one", "Ada: two"]);
    ada.send("lobby", "bell \u0007");
    await expect(ada.untilSent()).rejects.toMatchObject({ code: "NOT_SENT" });
    const wrong = createClient(url).login({ email: "ada@example.org", password: "wrong" });
    await expect(wrong).rejects.toMatchObject({ code: "CREDENTIALS", status: 401 });
  } finally {
    for (const client of [ada, bob]) client.close();
    await backend.stop();
    await storage.remove();
  }
});
