import { announce, type Handlers, refuse } from "../contract/index.ts";
import { requireValid } from "../contract/require-valid.ts";
import type { AuditTrail } from "../users/index.ts";
import { messageChanged } from "./channel.ts";
import { requireMessage } from "./chat-messages.ts";
import { checkReportReason, MAX_OPEN_REPORTS, REPORT_OUTCOMES } from "./moderation.ts";
import { LIST_PAGE_SIZE } from "./room.ts";
import { type ChatParts, requireMembership } from "./room-access.ts";

type Reports = Pick<Handlers<"chat">, "report" | "reports" | "settleReport">;

/**
 * Members report messages to the site's moderators, who read the copy that the report carries: rooms that are not
 * public stay closed to them, and still they can remove what was reported.
 */
export function chatReports({ store, clock, audit }: ChatParts & { readonly audit: AuditTrail }): Reports {
  return {
    async report(ctx) {
      const { room } = await requireMembership(store, ctx);
      const reason = requireValid("reason", checkReportReason(ctx.params.reason));
      const { id: reporterId } = ctx.meta.user;
      const { seq, author, text } = requireMessage(await store.messages.find(room.key, ctx.params.seq));
      const about = { room: room.key, seq, authorId: author.id, text };
      if (!(await store.reports.add({ at: clock(), reporterId, reason, ...about }, MAX_OPEN_REPORTS)))
        throw refuse("REPORTS");
      return { reported: true };
    },

    async reports(ctx) {
      const reports = await store.reports.listOpen(LIST_PAGE_SIZE + 1, ctx.params.after);
      return { reports: reports.slice(0, LIST_PAGE_SIZE), more: reports.length > LIST_PAGE_SIZE };
    },

    async settleReport(ctx) {
      const outcome = REPORT_OUTCOMES.find((known) => known === ctx.params.outcome);
      if (!outcome) throw refuse("VALIDATION", { field: "outcome" });
      const settled = await store.reports.settle(ctx.params.report, ctx.meta.user, outcome, clock());
      if (!settled) throw refuse("NOT_FOUND", { field: "report" });
      const { room, seq, authorId, removed } = settled;
      if (removed) await announce(ctx.broker, "sockets.broadcast", messageChanged(removed));
      await audit(ctx, outcome === "removed" ? "report.upheld" : "report.dismissed", authorId, `${room} ${seq}`);
      return { outcome };
    },
  };
}
