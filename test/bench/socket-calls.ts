import { chatCalls } from "./chat/chat-calls.ts";
import type { OriginCalls } from "./origin-calls.ts";

/** The calls over a socket that are measured: those of the chat, where it is there. */
export const socketCalls: readonly OriginCalls[] = [chatCalls];
