import type { Handlers } from "../contract/index.ts";
import type { ExportedMessage, ExportedReport } from "./store/exported.ts";

/** Number of lines in a page: with the longest texts they fit into one packet of NATS. */
const PAGE_LINES = 40;

/** Reads what a user has written in the chat. */
export interface ExportStore {
  messagesBy(authorId: string, after: string, limit: number): Promise<readonly ExportedMessage[]>;
  reportsBy(
    reporterId: string,
    after: readonly [room: string, seq: number],
    limit: number,
  ): Promise<readonly ExportedReport[]>;
}

/**
 * The chat's part of the export of all that a user has written: messages in all rooms, then reports. A page begins
 * after the message `message CLIENT_ID` or the report `report SEQ ROOM`.
 */
export function chatExport({ exported }: { readonly exported: ExportStore }): Pick<Handlers<"chat">, "exportPart"> {
  return {
    async exportPart(ctx) {
      const { userId, after = "message " } = ctx.params;
      const [kind = "", ...rest] = after.split(" ");
      if (kind === "message") {
        const messages = await exported.messagesBy(userId, rest.join(" "), PAGE_LINES);
        const last = messages.at(-1);
        return {
          lines: messages.map(({ clientId: _, ...message }) => ({ type: "message", ...message })),
          after: last && messages.length === PAGE_LINES ? `message ${last.clientId}` : "report 0 ",
        };
      }
      const [seq = "0", ...room] = rest;
      const reports = await exported.reportsBy(userId, [room.join(" "), Number(seq)], PAGE_LINES);
      const last = reports.at(-1);
      return {
        lines: reports.map((report) => ({ type: "report", ...report })),
        after: last && reports.length === PAGE_LINES ? `report ${last.seq} ${last.room}` : null,
      };
    },
  };
}
