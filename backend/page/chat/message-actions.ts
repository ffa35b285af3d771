import { EDIT_WINDOW_MS } from "../../chat/constants.ts";
import type { Message } from "../../client/chat/index.ts";
import type { SiteClient } from "../../client/index.ts";
import { connectClose, onDialog } from "../forms.ts";
import { button, element } from "../view.ts";
import { canModerate } from "./moderation.ts";
import type { RoomList } from "./room-list.ts";

/** Connects the dialogs that edit, delete and report a message. Returns a function that opens the first of them. */
export function connectMessageActions(client: SiteClient, rooms: RoomList): (message: Message) => void {
  const dialog = element("message-actions", HTMLDialogElement);
  const choice = element("message-actions-choice", HTMLElement);
  const edit = element("edit", HTMLDialogElement);
  const editText = element("edit-text", HTMLTextAreaElement);
  const remove = element("delete", HTMLDialogElement);
  const report = element("report", HTMLDialogElement);
  let chosen: Message | undefined;

  const position = () => {
    if (!chosen) throw new Error("invariant: a message was chosen");
    return { room: chosen.room, seq: chosen.seq };
  };
  onDialog(edit, async (values) => {
    await client.call("chat.edit", { ...position(), text: values("text") });
    return undefined;
  });
  onDialog(remove, async () => {
    await client.call("chat.delete", position());
    return undefined;
  });
  onDialog(report, async (values) => {
    await client.call("chat.report", { ...position(), reason: values("reason") });
    return undefined;
  });
  connectClose(dialog);

  const open = (next: HTMLDialogElement) => () => {
    dialog.close();
    next.showModal();
  };

  return (message) => {
    chosen = message;
    const { author, text, at, room } = message;
    const isOwn = author.id === client.user?.id;
    element("message-actions-author", HTMLElement).textContent = isOwn ? "yours" : author.name;
    element("message-actions-text", HTMLElement).textContent = text;
    const mayEdit = isOwn && Date.now() - at < EDIT_WINDOW_MS;
    choice.replaceChildren(
      ...(mayEdit
        ? [
            button("Edit", "quiet", () => {
              editText.value = text;
              open(edit)();
            }),
          ]
        : []),
      ...(isOwn ? [] : [button("Report to the moderators", "quiet", open(report))]),
      ...(isOwn || canModerate(client, rooms.find(room)) ? [button("Delete", "danger", open(remove))] : []),
    );
    dialog.showModal();
  };
}
