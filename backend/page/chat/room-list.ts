import type { Chat, PublicRoom, RoomView } from "../../client/chat/index.ts";
import { RequestError, type SiteClient } from "../../client/index.ts";
import { onDialog } from "../forms.ts";
import { attempt, button, element, listItem, onClick, type Row, reconcile } from "../view.ts";
import { presenceMark } from "./presence-mark.ts";

export const LOBBY = "lobby";

export interface RoomListOptions {
  readonly client: SiteClient;
  readonly chat: Chat;
  /** Brings a room to the screen. */
  readonly show: (room: string) => void;
}

/** The list of the rooms that the user is in or invited to, and the dialogs that find and create others. */
export class RoomList {
  readonly #client: SiteClient;
  readonly #chat: Chat;
  readonly #show: (room: string) => void;
  readonly #list = element("rooms", HTMLElement);
  readonly #invitation = element("invitation", HTMLDialogElement);
  /** The room that was last brought into view. */
  #shown = "";
  #invited: RoomView | undefined;

  constructor({ client, chat, show }: RoomListOptions) {
    this.#client = client;
    this.#chat = chat;
    this.#show = show;
    connectFinding(client, (room) => this.open(room));
    this.#connectCreating();
    this.#connectInvitation();
  }

  /** The rooms that the user is in. */
  get rooms(): readonly RoomView[] {
    return this.#chat.rooms.filter(({ role }) => role !== null);
  }

  find(room: string): RoomView | undefined {
    return this.rooms.find((one) => one.room === room);
  }

  /** Joins a room and shows it. Throws a `RequestError`. */
  async open(room: string): Promise<void> {
    const key = await this.#chat.join(room);
    await this.#chat.refresh();
    this.#show(key);
  }

  render(active: string): void {
    const rooms = this.#chat.rooms.toSorted((a, b) => orderOf(a) - orderOf(b) || a.title.localeCompare(b.title));
    reconcile(
      this.#list,
      rooms.map((room) => this.#row(room, room.room === active)),
    );
    if (active === this.#shown) return;
    const choice = this.#list.querySelector("[aria-current]");
    if (!choice) return;
    this.#shown = active;
    choice.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #row(view: RoomView, isActive: boolean): Row {
    const { room, kind, title, role, peerId, peerState = "offline", unread, mentions } = view;
    const state = peerId === undefined ? undefined : peerState;
    return {
      key: room,
      version: JSON.stringify([title, unread, mentions, state, role === null, isActive]),
      make: () => {
        const choice = button("", "room-choice", () => (role === null ? this.#ask(view) : this.#show(room)));
        if (isActive) choice.setAttribute("aria-current", "true");
        const name = document.createElement("span");
        name.className = "room-title";
        const sign = document.createElement("span");
        if (state === undefined) {
          sign.className = "sign";
          sign.ariaHidden = "true";
          sign.textContent = kind === "private" ? "◇" : "#";
        } else presenceMark(sign, state);
        const text = document.createElement("bdi");
        text.textContent = title;
        name.append(sign, text);
        choice.append(name);
        if (role === null) choice.append(badge("invited", ""));
        else if (mentions > 0)
          choice.append(badge(`@${countText(unread)}`, "unread, you are mentioned", "unread mention"));
        else if (unread > 0) choice.append(badge(countText(unread), "unread"));
        const item = document.createElement("li");
        item.append(choice);
        return item;
      },
    };
  }

  #ask(view: RoomView): void {
    this.#invited = view;
    element("invitation-room", HTMLElement).textContent = view.title;
    this.#invitation.showModal();
  }

  #connectInvitation(): void {
    onDialog(this.#invitation, async () => {
      const room = this.#invited?.room;
      if (room !== undefined) await this.open(room);
      return undefined;
    });
    onClick("decline", () => {
      const room = this.#invited?.room;
      this.#invitation.close();
      // without a connection the invitation stays
      if (room !== undefined)
        this.#chat
          .leave(room)
          .then(() => this.#chat.refresh())
          .catch(() => undefined);
    });
  }

  #connectCreating(): void {
    const dialog = element("create", HTMLDialogElement);
    onClick("create-open", () => dialog.showModal());
    onDialog(dialog, async (values) => {
      const { room } = await this.#client.call("chat.create", { kind: values("kind"), title: values("title").trim() });
      await this.open(room);
      return undefined;
    });
  }
}

/** The lobby, the other public rooms, the private ones, the direct ones, then invitations. */
function orderOf({ room, kind, role }: RoomView): number {
  if (room === LOBBY) return 0;
  if (role === null) return 4;
  return { public: 1, private: 2, direct: 3 }[kind];
}

const countText = (count: number): string => (count > 99 ? "99+" : String(count));

function badge(text: string, unseen: string, kind = "unread"): HTMLElement {
  const mark = document.createElement("span");
  mark.className = kind;
  mark.textContent = text;
  if (unseen !== "") {
    const more = document.createElement("span");
    more.className = "unseen";
    more.textContent = ` ${unseen}`;
    mark.append(more);
  }
  return mark;
}

/** The dialog in which a public room is found or opened by its name. */
function connectFinding(client: SiteClient, open: (room: string) => Promise<void>): void {
  const dialog = element("join", HTMLDialogElement);
  const field = element("join-room", HTMLInputElement);
  const list = element("found", HTMLElement);
  const more = element("found-more", HTMLButtonElement);
  const problem = dialog.querySelector<HTMLElement>(".problem");
  if (!problem) throw new Error("invariant: every form has a place for its problem");
  let found: readonly PublicRoom[] = [];
  /** Number of the latest call: the response to an earlier one is ignored. */
  let latest = 0;

  async function browse(after?: string): Promise<void> {
    const prefix = field.value.trim();
    const number = ++latest;
    const params = { ...(prefix === "" ? {} : { prefix }), ...(after === undefined ? {} : { after }) };
    // while the user types, a text that cannot begin a name finds nothing
    const page = await client.call("chat.browse", params).catch((error: unknown) => {
      if (error instanceof RequestError && error.code === "ROOM_NAME") return { rooms: [], more: false };
      throw error;
    });
    if (number !== latest) return;
    found = after === undefined ? page.rooms : [...found, ...page.rooms];
    more.hidden = !page.more;
    list.replaceChildren(
      ...found.map(({ room, members }) => {
        const item = listItem(room, members === 1 ? "one person" : `${members} people`);
        item.append(button("Go in", "quiet", () => void enter(room), `Go in to ${room}`));
        return item;
      }),
    );
  }

  async function enter(room: string): Promise<void> {
    if (problem && (await attempt(problem, () => open(room)))) dialog.close();
  }

  const show = (after?: string) => problem && void attempt(problem, () => browse(after));
  onClick("join-open", () => {
    dialog.showModal();
    show();
  });
  field.addEventListener("input", () => show());
  more.addEventListener("click", () => show(found.at(-1)?.room));
  onDialog(dialog, async (values) => {
    await open(values("room").trim());
    return () => element("text", HTMLTextAreaElement).focus();
  });
}
