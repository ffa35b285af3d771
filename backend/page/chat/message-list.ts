import type { Announcement, Message, Pending } from "../../client/chat/index.ts";
import { fillAvatar } from "../avatar.ts";
import { button, element, type Row, reconcile, timeElement } from "../view.ts";
import { findLinks } from "./message-links.ts";

/** Something in the list of messages. */
export type Item =
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "pending"; readonly pending: Pending }
  | { readonly kind: "announcement"; readonly announcement: Announcement };

/** What the user can do in the list. */
export interface MessageListActions {
  retry(clientId: string): void;
  discard(clientId: string): void;
  /** Shows what the user can do with a message. */
  choose(message: Message): void;
  /** Shows the author of a message. */
  openPerson(author: Message["author"]): void;
  /** The address of a user's picture, if there is one. */
  pictureOf(user: string): string | undefined;
}

/** Messages of one author within this many milliseconds are shown as one group. */
const GROUP_WITHIN_MS = 5 * 60_000;

const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

/** The time by which an item is sorted, in milliseconds since 1970. */
export function timeOf(item: Item): number {
  if (item.kind === "message") return item.message.at;
  return item.kind === "announcement" ? item.announcement.at : item.pending.at;
}

/** Shows the items, in order. */
export function showMessages(list: HTMLElement, items: readonly Item[], me: string, actions: MessageListActions): void {
  const rows: Row[] = [];
  let before: ShownItem | undefined;
  let today = "";
  for (const item of items) {
    const shown = shownItem(item, me);
    const date = day.format(shown.at);
    if (date !== today) {
      rows.push({ key: `day ${date}`, version: "", make: () => dayRow(date) });
      before = undefined;
      today = date;
    }
    const continues = before?.author === shown.author && shown.at - before.at < GROUP_WITHIN_MS;
    const picture = shown.own || continues || shown.author === "" ? undefined : actions.pictureOf(shown.author);
    rows.push({
      key: shown.key,
      version: JSON.stringify([continues, shown.text, shown.fate, shown.name, shown.mentioned, shown.edited, picture]),
      make: () =>
        item.kind === "announcement" ? announcementRow(shown) : messageRow(shown, continues, picture, actions),
    });
    before = item.kind === "announcement" ? undefined : shown;
  }
  reconcile(list, rows);
}

/** Brings a message of the list to the screen, marks it, and gives it the focus. `me` is the user's id. */
export function focusMessage(list: HTMLElement, message: Message, me: string): void {
  for (const row of list.querySelectorAll(".found")) row.classList.remove("found");
  const key = keyOf(message, me);
  for (const row of list.children) {
    if (!(row instanceof HTMLElement) || row.dataset.key !== key) continue;
    row.classList.add("found");
    row.tabIndex = -1;
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
  }
}

/** A user's own message keeps its row when it turns from pending to stored. */
function keyOf({ author, clientId, epoch, seq }: Message, me: string): string {
  return author.id === me ? `own ${clientId}` : `${epoch} ${seq}`;
}

/** A message, announcement or pending message, as it is shown. */
interface ShownItem {
  readonly key: string;
  readonly author: string;
  readonly name: string;
  readonly own: boolean;
  readonly at: number;
  readonly text: string;
  readonly fate: "sent" | "waiting" | "sending" | "failed" | "deleted";
  readonly mentioned?: boolean;
  readonly edited?: boolean;
  /** The message, once it is stored. */
  readonly message?: Message;
  readonly clientId?: string;
  readonly problem?: string;
}

function shownItem(item: Item, me: string): ShownItem {
  switch (item.kind) {
    case "message": {
      const { message } = item;
      const { author, at, text, editedAt, deletedAt, mentions } = message;
      return {
        key: keyOf(message, me),
        author: author.id,
        name: author.name,
        own: author.id === me,
        at,
        text: deletedAt === undefined ? text : "This message was deleted.",
        fate: deletedAt === undefined ? "sent" : "deleted",
        mentioned: mentions?.includes(me) === true,
        edited: editedAt !== undefined && deletedAt === undefined,
        message,
      };
    }
    case "pending": {
      const { clientId, at, text, state, problem } = item.pending;
      const key = `own ${clientId}`;
      return { key, author: me, name: "", own: true, at, text, fate: state, clientId, problem: problem ?? "" };
    }
    case "announcement": {
      const { at, text } = item.announcement;
      return { key: `announcement ${at} ${text}`, author: "", name: "", own: false, at, text, fate: "sent" };
    }
  }
}

function dayRow(text: string): HTMLElement {
  const row = document.createElement("li");
  row.className = "day";
  row.textContent = text;
  return row;
}

function announcementRow({ text, at }: ShownItem): HTMLElement {
  const row = document.createElement("li");
  row.className = "announcement";
  const body = document.createElement("p");
  body.className = "text";
  body.dir = "auto";
  body.replaceChildren(...textNodes(text));
  const title = document.createElement("p");
  title.className = "who";
  title.append("Announcement ", timeElement(at));
  row.append(title, body);
  return row;
}

function messageRow(
  shown: ShownItem,
  continues: boolean,
  picture: string | undefined,
  actions: MessageListActions,
): HTMLElement {
  const copy = document.importNode(element("message-template", HTMLTemplateElement).content, true);
  const row = copy.firstElementChild;
  if (!(row instanceof HTMLElement)) throw new Error("invariant: the template has a row");
  const part = (selector: string) => {
    const found = row.querySelector<HTMLElement>(selector);
    if (!found) throw new Error(`invariant: the template has ${selector}`);
    return found;
  };
  const { message, own, fate } = shown;
  row.classList.toggle("own", own);
  row.classList.toggle("continues", continues);
  row.classList.toggle("mentioned", shown.mentioned === true);
  row.dataset.fate = fate;
  fillAvatar(part(".avatar"), { id: shown.author, name: shown.name, picture });
  const name = part(".name");
  part(".name bdi").textContent = own ? "You" : shown.name;
  if (message && !own) name.addEventListener("click", () => actions.openPerson(message.author));
  else name.replaceWith(...name.childNodes);
  const time = timeElement(shown.at);
  part("time").replaceWith(time);
  if (shown.edited) time.after(" edited");
  part(".text").replaceChildren(...textNodes(shown.text));
  part(".fate").replaceChildren(...fateOf(shown, actions));
  const more = part(".more");
  if (message && fate === "sent") {
    more.setAttribute("aria-label", `Do something with ${own ? "your message" : `the message of ${shown.name}`}`);
    more.addEventListener("click", () => actions.choose(message));
  } else more.remove();
  return row;
}

/** The text of a message with its links. They open in a new tab, which gets no referrer and no access to this page. */
function textNodes(message: string): (Node | string)[] {
  return findLinks(message).map(({ text, link }) => {
    if (!link) return text;
    const anchor = document.createElement("a");
    anchor.href = link.href;
    anchor.rel = "noopener noreferrer nofollow";
    anchor.target = "_blank";
    anchor.dir = "ltr"; // the host stays in front, whatever scripts the path has
    anchor.textContent = link.label;
    return anchor;
  });
}

function fateOf({ fate, problem, clientId }: ShownItem, actions: MessageListActions): (Node | string)[] {
  if (clientId === undefined) return [];
  if (fate === "waiting") return ["Waiting to be sent"];
  if (fate === "sending") return ["Sending …"];
  if (fate !== "failed") return [];
  return [
    `Not sent. ${problem} `,
    button("Try again", "link", () => actions.retry(clientId)),
    " ",
    button("Discard", "link", () => actions.discard(clientId)),
  ];
}
