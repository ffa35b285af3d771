import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { messageChanged, messageSent } from "../../../../backend/chat/channel.ts";
import type { Message } from "../../../../backend/chat/message.ts";
import type { RoomSummary } from "../../../../backend/chat/shapes.ts";
import { announce, type ResultOf } from "../../../../backend/contract/index.ts";
import type { SignedIn } from "../../../../backend/users/shapes.ts";
import { joinedRoom, startChatGateway } from "../../chat/chat-gateway.ts";
import type { TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";
import { Watched } from "./watched-client.ts";

/*
 * What happens in a room while a client joins it. The gateway and the client are whole; the services of the chat do
 * what the test says, so that things happen between two of their steps.
 */

let gateway: TestGateway;
let client: Watched;
let rooms: readonly RoomSummary[];
let join: () => Promise<ResultOf<"chat.join">>;
let history: () => ResultOf<"chat.join">;

const signedIn = (): SignedIn => ({
  user: { id: "ada", email: "ada@example.org", name: "Ada" } as SignedIn["user"],
  ...{ accessToken: tokenOf("ada"), expiresIn: 600, refreshToken: "none" },
});

beforeEach(async () => {
  rooms = [];
  gateway = await startChatGateway({
    "users.register": signedIn,
    "chat.rooms": () => ({ rooms: [...rooms], more: false }),
    "chat.join": () => join(),
    "chat.history": () => history(),
  });
});
afterEach(async () => {
  client.close();
  await gateway.stop();
});

async function signUp(options: ConstructorParameters<typeof Watched>[1] = {}): Promise<void> {
  client = new Watched(gateway.url, options);
  await client.register({ email: "ada@example.org", password: "correct horse battery", name: "Ada" });
  await client.online();
}

const message = (seq: number, text: string, revision?: number): Message => ({
  ...{ room: "garden", seq, epoch: "e", author: { id: "bob", name: "Bob" }, text, at: seq, clientId: `c${seq}` },
  ...(revision !== undefined && { revision, editedAt: seq }),
});
const push = (event: "message" | "messageChanged", payload: Message) =>
  announce(gateway.broker, "sockets.broadcast", (event === "message" ? messageSent : messageChanged)(payload));

test("N6: what happens in a room before the response to the first join has come is shown", async () => {
  join = async () => {
    const state = joinedRoom("garden", { seq: 2, revision: 3, messages: [message(1, "one"), message(2, "two")] });
    await push("messageChanged", message(2, "edited", 4));
    await push("message", message(3, "three"));
    return state;
  };
  await signUp();
  await client.chat.join("Garden");
  expect(client.texts("garden")).toEqual(["one", "edited", "three"]);
});

test("N6: a room of the list that is opened before it is joined shows what is edited until it is joined", async () => {
  const opened = Promise.withResolvers<void>();
  let isEdited = false;
  const summary = { room: "garden", kind: "public", title: "garden", role: "member", members: 2 } as const;
  rooms = [{ ...summary, epoch: "e", seq: 1, read: 1, unread: 0, mutedUntil: null }];
  join = async () => {
    await opened.promise;
    isEdited = true;
    return joinedRoom("garden", { seq: 1, revision: 9, recovered: true });
  };
  history = () => {
    const page = isEdited ? message(1, "edited", 9) : message(1, "one");
    return joinedRoom("garden", { seq: 1, revision: isEdited ? 9 : 8, messages: [page], recovered: true });
  };
  await signUp({ follow: true });
  await client.until(() => client.chat.timeline("garden") !== undefined);
  const shown = client.chat.open("garden");
  await client.call("chat.rooms", {}); // what was asked for before has arrived
  opened.resolve();
  await shown;
  await client.until(() => client.chat.timeline("garden")?.position?.revision === 9);
  expect(client.texts("garden")).toEqual(["edited"]);
});
