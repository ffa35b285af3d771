import { channelOf } from "../../../backend/chat/channel.ts";
import { announce } from "../../../backend/contract/index.ts";
import { joinedRoom, testChatSockets } from "../../backend/chat/chat-gateway.ts";
import type { OriginCalls } from "../origin-calls.ts";

/** The calls of a room, which answer at once. */
export const chatCalls: OriginCalls = {
  sockets: testChatSockets(),
  actions: (broker) => ({
    "chat.join": (ctx) => joinedRoom(String(ctx.params.room)),
    "chat.history": (ctx) => joinedRoom(String(ctx.params.room)),
    "chat.send": async (ctx) => {
      await announce(broker, "sockets.broadcast", {
        channel: channelOf(String(ctx.params.room)),
        event: "message",
        payload: { from: "u", t: ctx.params.text } as never, // what the plain server sends
      });
      return 1;
    },
  }),
};
