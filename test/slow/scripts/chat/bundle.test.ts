import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Chat } from "../../../../backend/client/chat/index.ts";
import { createClient } from "../../../../backend/client/node/index.ts";
import { makeBundle, type ServerBundle, startBundledBackend } from "../server-bundle.ts";

let bundle: ServerBundle;
beforeAll(async () => {
  bundle = await makeBundle();
});
afterAll(() => bundle.remove());

const ADA = { email: "ada@example.org", password: "correct horse battery", name: "Ada" };

test("O20: the backend of a bundle takes a registration and a message, and has both after a kill", async () => {
  const first = await startBundledBackend(bundle);
  const client = createClient(first.url);
  const chat = new Chat(client);
  await client.register(ADA);
  await client.untilOnline();
  await chat.join("lobby");
  chat.send("lobby", "Hello from a bundle");
  await chat.untilSent();
  client.close();
  await first.end("SIGKILL");

  const second = await startBundledBackend(bundle);
  const again = createClient(second.url);
  const history = new Chat(again);
  await again.login({ email: ADA.email, password: ADA.password });
  await again.untilOnline();
  await history.open("lobby");
  expect(history.timeline("lobby")?.messages.map(({ author, text }) => [author.name, text])).toEqual([
    ["Ada", "Hello from a bundle"],
  ]);
  again.close();
  expect(await second.end("SIGTERM")).toMatchObject({ code: 0 });
});
