import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Message } from "../../../backend/chat/message.ts";
import {
  ask,
  call,
  connect,
  forget,
  newDataDir,
  openTestSite,
  register,
  startConnector,
  type TestSite,
} from "../test-site.ts";

let dataDir: string;
let testSite: TestSite;
beforeAll(async () => {
  dataDir = newDataDir();
  testSite = await openTestSite(dataDir);
});
afterAll(async () => {
  await testSite.kit.stop();
  forget(dataDir);
});

const message = (socket: { once(event: "message", listener: (message: Message) => void): unknown }) =>
  new Promise<Message>((resolve) => socket.once("message", resolve));

test("two users chat live, and an acknowledged message is in the history", async () => {
  const { kit } = testSite;
  const [ada, bob] = [await register(kit, "Ada"), await register(kit, "Bob")];
  const [adas, bobs] = [await connect(kit, ada), await connect(kit, bob)];
  try {
    for (const socket of [adas, bobs]) await call(socket, "chat.join", { room: "lobby" });
    const heard = message(bobs);
    const sent = await call<{ message: Message }>(adas, "chat.send", { room: "lobby", text: "Hello", clientId: "1" });
    expect(await heard).toEqual(sent.message);
    const { messages } = await call<{ messages: Message[] }>(bobs, "chat.history", { room: "lobby" });
    expect(messages.map(({ text }) => text)).toEqual(["Hello"]);
    await expect(call(bobs, "chat.sendMessageToAll", { text: "psst" })).rejects.toMatchObject({ code: "FORBIDDEN" });
  } finally {
    adas.close();
    bobs.close();
  }
});

test("a second start finds the messages", async () => {
  await testSite.kit.stop();
  testSite = await openTestSite(dataDir, true);
  const socket = await connect(testSite.kit, await register(testSite.kit, "Cem"));
  const { messages } = await call<{ messages: Message[] }>(socket, "chat.join", { room: "lobby" });
  expect(messages.map(({ text }) => text)).toEqual(["Hello"]);
  socket.close();
});

test("a connector that is killed and started again loses no message", async () => {
  const { kit } = testSite;
  const eve = await register(kit, "Eve");
  const first = await connect(kit, eve);
  const { epoch } = await call<{ epoch: string }>(first, "chat.join", { room: "bridge" });
  const sent: string[] = [];
  const send = async (socket: typeof first, text: string) => {
    const { message } = await call<{ message: Message }>(socket, "chat.send", { room: "bridge", text, clientId: text });
    sent.push(message.text);
    return message.seq;
  };
  const cursor = await send(first, "before");
  const dropped = new Promise((resolve) => first.once("disconnect", resolve));
  await kit.connector.stop();
  await dropped;
  expect((await ask(kit, "GET", "/")).status).toBe(530);

  const connector = await startConnector(kit);
  try {
    const second = await connect(kit, eve);
    await send(second, "after");
    // the acknowledgement of this one got lost with the connector, so the client sends it once more
    await call(second, "chat.send", { room: "bridge", text: "before", clientId: "before" });
    const state = await call<{ messages: Message[]; recovered: boolean }>(second, "chat.join", {
      room: "bridge",
      cursor,
      epoch,
    });
    expect(state.recovered).toBe(true);
    expect(state.messages.map(({ text }) => text)).toEqual(["after"]);
    const { messages } = await call<{ messages: Message[] }>(second, "chat.history", { room: "bridge" });
    expect(messages.map(({ text }) => text)).toEqual(sent);
    second.close();
  } finally {
    await connector.stop();
  }
  expect((await ask(kit, "GET", "/")).status).toBe(530);
});
