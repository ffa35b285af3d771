import { clean } from "../contract/clean.ts";
import { announce, type Handlers, refuse } from "../contract/index.ts";
import type { AuditTrail } from "../users/index.ts";
import { messageChanged } from "./channel.ts";
import { there } from "./chat-messages.ts";
import { OPEN_REPORTS_MAX, OUTCOMES, reportReason } from "./moderation.ts";
import { LIST_PAGE } from "./room.ts";
import { type ChatParts, enteredRoom } from "./room-access.ts";

type Reports = Pick<Handlers<"chat">, "report" | "reports" | "settleReport">;

/**
 * Members report messages to the site's moderators, who read the copy that the report carries: rooms that are not
 * public stay closed to them, and still they can remove what was reported.
 */
export function chatReports({ store, clock, audit }: ChatParts & { readonly audit: AuditTrail }): Reports {
  return {
    async report(ctx) {
      const { room } = await enteredRoom(store, ctx);
      const reason = clean("reason", reportReason(ctx.params.reason));
      const { id: reporterId } = ctx.meta.user;
      const { seq, author, text } = there(await store.messages.find(room.key, ctx.params.seq));
      const about = { room: room.key, seq, authorId: author.id, text };
      if (!(await store.reports.add({ at: clock(), reporterId, reason, ...about }, OPEN_REPORTS_MAX)))
        throw refuse("REPORTS");
      return { reported: true };
    },

    async reports(ctx) {
      const reports = await store.reports.open(LIST_PAGE + 1, ctx.params.after);
      return { reports: reports.slice(0, LIST_PAGE), more: reports.length > LIST_PAGE };
    },

    async settleReport(ctx) {
      const outcome = OUTCOMES.find((known) => known === ctx.params.outcome);
      if (!outcome) throw refuse("VALIDATION", { field: "outcome" });
      const { id } = ctx.meta.user;
      const settled = await store.reports.settle(ctx.params.report, id, outcome, clock());
      if (!settled) throw refuse("NOT_FOUND", { field: "report" });
      const { room, seq, authorId, removed } = settled;
      if (removed) await announce(ctx.broker, "sockets.broadcast", messageChanged(removed));
      await audit(ctx, outcome === "removed" ? "report.upheld" : "report.dismissed", authorId, `${room} ${seq}`);
      return { outcome };
    },
  };
}
