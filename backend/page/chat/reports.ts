import type { ChatClient, Report } from "../../client/index.ts";
import { attempt, button, element, listItem, when } from "../view.ts";

/** Makes the dialog work in which moderators read what was reported, and decide. */
export function connectReports(client: ChatClient): void {
  const dialog = element("reports", HTMLDialogElement);
  const problem = element("reports-problem", HTMLElement);
  const list = element("report-list", HTMLElement);
  const more = element("reports-more", HTMLButtonElement);
  const none = element("reports-none", HTMLElement);
  let reports: readonly Report[] = [];

  async function load(after?: string): Promise<void> {
    const answer = await client.call("chat.reports", after === undefined ? {} : { after });
    reports = after === undefined ? answer.reports : [...reports, ...answer.reports];
    more.hidden = !answer.more;
    show();
  }

  function show(): void {
    none.hidden = reports.length > 0;
    list.replaceChildren(...reports.map(reportLine));
  }

  const settle = (report: string, outcome: "removed" | "dismissed") => () =>
    void attempt(problem, async () => {
      await client.call("chat.settleReport", { report, outcome });
      reports = reports.filter(({ id }) => id !== report);
      show();
    });

  function reportLine({ id, at, reason, room, text }: Report): HTMLElement {
    const where = room.startsWith("~") ? "a room that is not public" : room;
    const row = listItem(text, `In ${where}, ${when(at)}`);
    const words = document.createElement("p");
    words.dir = "auto";
    words.textContent = `“${reason}”`;
    row.querySelector(".facts")?.append(words);
    const actions = document.createElement("span");
    actions.className = "actions";
    actions.append(
      button("Remove it", "danger", settle(id, "removed")),
      button("Leave it", "quiet", settle(id, "dismissed")),
    );
    row.append(actions);
    return row;
  }

  element("reports-open", HTMLButtonElement).addEventListener("click", () => {
    none.hidden = true;
    list.replaceChildren();
    dialog.showModal();
    void attempt(problem, () => load());
  });
  dialog.querySelector("button[value=cancel]")?.addEventListener("click", () => dialog.close());
  more.addEventListener("click", () => void attempt(problem, () => load(reports.at(-1)?.id)));
}
