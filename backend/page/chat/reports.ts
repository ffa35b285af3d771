import type { Report } from "../../client/chat/index.ts";
import type { SiteClient } from "../../client/index.ts";
import { connectClose } from "../forms.ts";
import { attempt, button, element, formatMoment, listItem, onClick } from "../view.ts";

/** Connects the dialog in which moderators read what was reported, and decide. */
export function connectReports(client: SiteClient): void {
  const dialog = element("reports", HTMLDialogElement);
  const problem = element("reports-problem", HTMLElement);
  const list = element("report-list", HTMLElement);
  const more = element("reports-more", HTMLButtonElement);
  const none = element("reports-none", HTMLElement);
  let reports: readonly Report[] = [];

  async function load(after?: string): Promise<void> {
    const page = await client.call("chat.reports", after === undefined ? {} : { after });
    reports = after === undefined ? page.reports : [...reports, ...page.reports];
    more.hidden = !page.more;
    show();
  }

  function show(): void {
    none.hidden = reports.length > 0;
    list.replaceChildren(...reports.map(reportItem));
  }

  const settle = (report: string, outcome: "removed" | "dismissed") => () =>
    void attempt(problem, async () => {
      await client.call("chat.settleReport", { report, outcome });
      reports = reports.filter(({ id }) => id !== report);
      show();
    });

  function reportItem({ id, at, reason, room, text }: Report): HTMLElement {
    const where = room.startsWith("~") ? "a room that is not public" : room;
    const item = listItem(text, `In ${where}, ${formatMoment(at)}`);
    const reasonLine = document.createElement("p");
    reasonLine.dir = "auto";
    reasonLine.textContent = `“${reason}”`;
    item.querySelector(".facts")?.append(reasonLine);
    const actions = document.createElement("span");
    actions.className = "actions";
    actions.append(
      button("Remove it", "danger", settle(id, "removed")),
      button("Leave it", "quiet", settle(id, "dismissed")),
    );
    item.append(actions);
    return item;
  }

  onClick("reports-open", () => {
    none.hidden = true;
    list.replaceChildren();
    dialog.showModal();
    void attempt(problem, () => load());
  });
  connectClose(dialog);
  more.addEventListener("click", () => void attempt(problem, () => load(reports.at(-1)?.id)));
}
