import type { Message } from "../chat/message.ts";
import type { ChatClient } from "../client/index.ts";
import { onDialog } from "./forms.ts";
import { moderates } from "./members.ts";
import type { RoomList } from "./room-list.ts";
import { button, element } from "./view.ts";

/** Milliseconds in which an author may edit a message; the server decides. */
const EDIT_TIME = 60 * 60 * 1000;

/** Makes the dialogs work in which something is done with a message; answers what opens the first of them. */
export function connectDeeds(client: ChatClient, rooms: RoomList): (message: Message) => void {
  const dialog = element("deeds", HTMLDialogElement);
  const choice = element("deeds-choice", HTMLElement);
  const edit = element("edit", HTMLDialogElement);
  const editText = element("edit-text", HTMLTextAreaElement);
  const remove = element("delete", HTMLDialogElement);
  const report = element("report", HTMLDialogElement);
  let chosen: Message | undefined;

  const about = () => {
    if (!chosen) throw new Error("invariant: a message was chosen");
    return { room: chosen.room, seq: chosen.seq };
  };
  onDialog(edit, async (values) => {
    await client.call("chat.edit", { ...about(), text: values("text") });
    return undefined;
  });
  onDialog(remove, async () => {
    await client.call("chat.delete", about());
    return undefined;
  });
  onDialog(report, async (values) => {
    await client.call("chat.report", { ...about(), reason: values("reason") });
    return undefined;
  });
  dialog.querySelector("button[value=cancel]")?.addEventListener("click", () => dialog.close());

  const then = (next: HTMLDialogElement) => () => {
    dialog.close();
    next.showModal();
  };

  return (message) => {
    chosen = message;
    const { author, text, at, room } = message;
    const isOwn = author.id === client.user?.id;
    element("deeds-author", HTMLElement).textContent = isOwn ? "yours" : author.name;
    element("deeds-text", HTMLElement).textContent = text;
    const mayEdit = isOwn && Date.now() - at < EDIT_TIME;
    choice.replaceChildren(
      ...(mayEdit
        ? [
            button("Edit", "quiet", () => {
              editText.value = text;
              then(edit)();
            }),
          ]
        : []),
      ...(isOwn ? [] : [button("Report to the moderators", "quiet", then(report))]),
      ...(isOwn || moderates(client, rooms.find(room)) ? [button("Delete", "danger", then(remove))] : []),
    );
    dialog.showModal();
  };
}
