import { type ChatClient, type PublicRoom, RequestError, type RoomView } from "../../client/index.ts";
import { onDialog } from "../forms.ts";
import { attempt, button, element, listItem, presenceMark, type Row, reconcile } from "../view.ts";

export const LOBBY = "lobby";

/** The rooms one is in or invited to, as a list to choose from, and the way into others. */
export class RoomList {
  readonly #client: ChatClient;
  readonly #show: (room: string) => void;
  readonly #list = element("rooms", HTMLElement);
  readonly #invitation = element("invitation", HTMLDialogElement);
  /** The room that was last brought into view. */
  #shown = "";
  #invited: RoomView | undefined;

  /** `show` brings a room to the screen. */
  constructor(client: ChatClient, show: (room: string) => void) {
    this.#client = client;
    this.#show = show;
    connectFinding(client, (room) => this.open(room));
    this.#connectCreating();
    this.#connectInvitation();
  }

  /** Those one is in. */
  get rooms(): readonly RoomView[] {
    return this.#client.rooms.filter(({ role }) => role !== null);
  }

  find(room: string): RoomView | undefined {
    return this.rooms.find((one) => one.room === room);
  }

  /** Goes into a room that one may enter, and shows it. Throws a `RequestError`. */
  async open(room: string): Promise<void> {
    const key = await this.#client.join(room);
    await this.#client.refresh();
    this.#show(key);
  }

  render(active: string): void {
    const rooms = this.#client.rooms.toSorted((a, b) => order(a) - order(b) || a.title.localeCompare(b.title));
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
        const words = document.createElement("bdi");
        words.textContent = title;
        name.append(sign, words);
        choice.append(name);
        if (role === null) choice.append(badge("invited", ""));
        else if (mentions > 0)
          choice.append(badge(`@${counted(unread)}`, "unread, you are mentioned", "unread mention"));
        else if (unread > 0) choice.append(badge(counted(unread), "unread"));
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
    element("decline", HTMLButtonElement).addEventListener("click", () => {
      const room = this.#invited?.room;
      this.#invitation.close();
      // without a connection the invitation stays
      if (room !== undefined)
        this.#client
          .leave(room)
          .then(() => this.#client.refresh())
          .catch(() => undefined);
    });
  }

  #connectCreating(): void {
    const dialog = element("create", HTMLDialogElement);
    element("create-open", HTMLButtonElement).addEventListener("click", () => dialog.showModal());
    onDialog(dialog, async (values) => {
      const { room } = await this.#client.call("chat.create", { kind: values("kind"), title: values("title").trim() });
      await this.open(room);
      return undefined;
    });
  }
}

/** The lobby, the other public rooms, the private ones, the direct ones, then invitations. */
function order({ room, kind, role }: RoomView): number {
  if (room === LOBBY) return 0;
  if (role === null) return 4;
  return { public: 1, private: 2, direct: 3 }[kind];
}

const counted = (count: number): string => (count > 99 ? "99+" : String(count));

function badge(text: string, words: string, kind = "unread"): HTMLElement {
  const mark = document.createElement("span");
  mark.className = kind;
  mark.textContent = text;
  if (words !== "") {
    const more = document.createElement("span");
    more.className = "unseen";
    more.textContent = ` ${words}`;
    mark.append(more);
  }
  return mark;
}

/** The dialog in which a public room is found or opened by its name. */
function connectFinding(client: ChatClient, open: (room: string) => Promise<void>): void {
  const dialog = element("join", HTMLDialogElement);
  const field = element("join-room", HTMLInputElement);
  const list = element("found", HTMLElement);
  const more = element("found-more", HTMLButtonElement);
  const problem = dialog.querySelector<HTMLElement>(".problem");
  if (!problem) throw new Error("invariant: every form has a place for its problem");
  let found: readonly PublicRoom[] = [];
  let asked = 0;

  async function browse(after?: string): Promise<void> {
    const prefix = field.value.trim();
    const number = ++asked;
    const params = { ...(prefix === "" ? {} : { prefix }), ...(after === undefined ? {} : { after }) };
    // while one is writing, a start that cannot be a name finds nothing
    const answer = await client.call("chat.browse", params).catch((error: unknown) => {
      if (error instanceof RequestError && error.code === "ROOM_NAME") return { rooms: [], more: false };
      throw error;
    });
    if (number !== asked) return;
    found = after === undefined ? answer.rooms : [...found, ...answer.rooms];
    more.hidden = !answer.more;
    list.replaceChildren(
      ...found.map(({ room, members }) => {
        const row = listItem(room, members === 1 ? "one person" : `${members} people`);
        row.append(button("Go in", "quiet", () => void enter(room), `Go in to ${room}`));
        return row;
      }),
    );
  }

  async function enter(room: string): Promise<void> {
    if (problem && (await attempt(problem, () => open(room)))) dialog.close();
  }

  const show = (after?: string) => problem && void attempt(problem, () => browse(after));
  element("join-open", HTMLButtonElement).addEventListener("click", () => {
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
