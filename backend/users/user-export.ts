import { Readable } from "node:stream";
import type { ServiceBroker } from "moleculer";
import { call, type Handlers, refuse } from "../contract/index.ts";
import { serviceActions } from "../surface.ts";
import type { AccountCheck } from "./account-check.ts";
import { createExportLease } from "./export-lease.ts";
import { toProfile } from "./profile.ts";
import type { UsersStore } from "./store.ts";

/** What the export needs from the rest of the service. */
export interface ExportParts {
  readonly store: Pick<UsersStore, "users" | "pictures" | "throttles">;
  /** Milliseconds since 1970, for all nodes alike. */
  readonly clock: () => number;
  readonly accounts: AccountCheck;
}

type ExportPart = Extract<keyof typeof serviceActions, `${string}.exportPart`>;

/** The actions by which features export their part, in the order of the features. */
const EXPORT_PARTS = (Object.keys(serviceActions) as (keyof typeof serviceActions)[]).filter(
  (name): name is ExportPart => name.endsWith(".exportPart"),
);

/**
 * The export of all that a user has written: one JSON object a line. Each feature is read page by page while the client
 * reads, so that a large export needs no more memory. The last line is `end`: a file without it was cut off.
 */
export function userExport({ store, clock, accounts }: ExportParts): Pick<Handlers<"users">, "export" | "exportPart"> {
  const lease = createExportLease(store.throttles, clock);
  return {
    async export(ctx) {
      const { id } = await accounts.requireCaller(ctx);
      const release = await lease.begin(id);
      if (!release) throw refuse("EXPORT_RUNNING");
      const stream = Readable.from(linesOf(ctx.broker, id), { objectMode: false });
      stream.once("close", () => void release());
      const day = new Date(clock()).toISOString().slice(0, 10);
      ctx.meta.$responseHeaders = { "content-disposition": `attachment; filename="export-${day}.ndjson"` };
      return stream;
    },

    async exportPart(ctx) {
      const { userId } = ctx.params;
      const user = await store.users.find(userId);
      if (!user) return { lines: [], after: null };
      const profileLine = { type: "profile", ...toProfile(user) };
      const picture = await store.pictures.forExport(userId);
      return { lines: picture ? [profileLine, { type: "picture", ...picture }] : [profileLine], after: null };
    },
  };
}

async function* linesOf(broker: ServiceBroker, userId: string): AsyncGenerator<string> {
  let count = 0;
  for (const part of EXPORT_PARTS) {
    let after: string | null = null;
    do {
      const page: { lines: readonly object[]; after: string | null } = await call(broker, part, {
        userId,
        ...(after === null ? {} : { after }),
      });
      count += page.lines.length;
      if (page.lines.length > 0) yield page.lines.map((line) => `${JSON.stringify(line)}\n`).join("");
      after = page.after;
    } while (after !== null);
  }
  yield `${JSON.stringify({ type: "end", lines: count })}\n`;
}
