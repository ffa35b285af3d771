import { expect, test } from "@jest/globals";
import { Chat } from "../../../../backend/client/chat/index.ts";
import { createClient } from "../../../../backend/client/node/index.ts";
import { readConfig } from "../../../../backend/config.ts";
import { startBackend } from "../../../../backend/main.ts";
import { testStorage } from "../../store/test-storage.ts";
import { testModules } from "../../test-modules.ts";

const PASSWORD = "correct horse battery";

test("D6, D8: programs sign in and chat under a name of localhost, and get events with their types", async () => {
  const storage = await testStorage();
  const backend = await startBackend(readConfig({ PORT: "0", ...storage.env, LOG_LEVEL: "silent" }), {
    modules: testModules(),
  });
  const url = `http://chat.causeway.localhost:${new URL(backend.url).port}`;
  const [ada, bob] = [createClient(url), createClient(url)];
  const [adaChat, bobChat] = [new Chat(ada), new Chat(bob)];
  try {
    await ada.register({ email: "ada@example.org", password: PASSWORD, name: "Ada" });
    await bob.register({ email: "bob@example.org", password: PASSWORD, name: "Bob" });
    await Promise.all([ada.untilOnline(), bob.untilOnline()]);
    await Promise.all([adaChat.join("lobby"), bobChat.join("lobby")]);
    const heard: string[] = [];
    const both = new Promise<void>((resolve) => {
      const stop = bob.on("message", ({ author, text }) => {
        heard.push(`${author.name}: ${text}`);
        if (heard.length < 2) return;
        stop();
        resolve();
      });
    });
    adaChat.send("lobby", "one");
    adaChat.send("lobby", "two");
    await adaChat.untilSent();
    await both;
    bobChat.send("lobby", "no listener is left");
    await bobChat.untilSent();
    expect(heard).toEqual(["Ada: one", "Ada: two"]);
    adaChat.send("lobby", "bell \u0007");
    await expect(adaChat.untilSent()).rejects.toMatchObject({ code: "NOT_SENT" });
  } finally {
    for (const client of [ada, bob]) client.close();
    await backend.stop();
    await storage.remove();
  }
});
