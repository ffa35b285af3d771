import "./chat.css";
import { Chat } from "../../client/chat/index.ts";
import { onDialog } from "../forms.ts";
import type { PageContext, PagePart, PartView } from "../page-part.ts";
import { element, onClick } from "../view.ts";
import { CHAT_AUDIT_WORDS } from "./audit-words.ts";
import { Conversation } from "./conversation.ts";
import { connectReports } from "./reports.ts";
import { RoomList } from "./room-list.ts";

/** The chat's part of the page: the list of rooms, the room on the screen, and what moderators do. */
export const chatPart: PagePart = {
  auditWords: CHAT_AUDIT_WORDS,
  offlineHint: "What you write is kept and sent when it is back.",
  connect: connectChat,
};

function connectChat({ client, pictures, requestRender }: PageContext): PartView {
  const chat = new Chat(client, { follow: true });
  const rooms: RoomList = new RoomList({ client, chat, show: (room) => conversation.show(room) });
  const conversation = new Conversation({ client, chat, rooms, pictures });
  client.add({ onOnline: () => conversation.watch(), onSignedOut: () => conversation.clear() });
  client.on("serverMessage", (announcement) => {
    conversation.announce(announcement);
    requestRender();
  });
  connectAnnouncing(chat);
  connectReports(client);
  const reportAway = () => chat.away(document.visibilityState !== "visible");
  reportAway(); // a page may be opened in a tab that is not visible
  document.addEventListener("visibilitychange", reportAway);
  return {
    get unread() {
      return chat.rooms.reduce((sum, { unread }) => sum + unread, 0);
    },
    render({ roles }) {
      const isModerator = roles.includes("moderator");
      element("announce-open", HTMLButtonElement).hidden = !isModerator;
      element("reports-open", HTMLButtonElement).hidden = !isModerator;
      conversation.render();
      rooms.render(conversation.active);
    },
    focus: () => element("text", HTMLTextAreaElement).focus(),
  };
}

/** Connects the dialog in which moderators write to all users. */
function connectAnnouncing(chat: Chat): void {
  const dialog = element("announce", HTMLDialogElement);
  onClick("announce-open", () => dialog.showModal());
  onDialog(dialog, async (values) => {
    await chat.announce(values("text"));
    return undefined;
  });
}
