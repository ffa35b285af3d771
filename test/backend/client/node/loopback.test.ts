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

test("D6: a program signs in under a name of localhost, and gets errors as the server names them", async () => {
  const storage = await testStorage();
  const backend = await startBackend(readConfig({ PORT: "0", ...storage.env, LOG_LEVEL: "silent" }), {
    modules: testModules(),
  });
  const url = `http://chat.causeway.localhost:${new URL(backend.url).port}`;
  const ada = createClient(url);
  try {
    await expect(ada.untilOnline()).rejects.toMatchObject({ code: "SIGN_IN" });
    await ada.register({ email: "ada@example.org", password: PASSWORD, name: "Ada" });
    await ada.untilOnline();
    expect(await ada.call("users.pictures", { users: [ada.user?.id ?? ""] })).toMatchObject({
      pictures: [{ id: ada.user?.id, picture: null }],
    });
    expect(await ada.request("GET /api/users/me", {})).toMatchObject({ name: "Ada" });
    expect(() => ada.add({})).toThrow("A part was added to a client after sign-in");
    const wrong = createClient(url).login({ email: "ada@example.org", password: "wrong" });
    await expect(wrong).rejects.toMatchObject({ code: "CREDENTIALS", status: 401 });
  } finally {
    ada.close();
    await backend.stop();
    await storage.remove();
  }
});
