import type { PublicRoom, RoomSummary } from "../contract/actions.ts";
import { type ChatClient, RequestError } from "./client.ts";
import { onDialog } from "./forms.ts";
import { attempt, button, element, line, presenceMark, type Row, reconcile } from "./view.ts";

export const LOBBY = "lobby";
/** Pages of the list that are read: more rooms than anybody may be in. */
const PAGES = 6;
/** Milliseconds for which news about memberships are collected before the list is read again. */
const PAUSE = 100;

/** The rooms one is in or invited to, as the server lists them, and the way into others. */
export class RoomList {
  readonly #client: ChatClient;
  readonly #choose: (room: string) => void;
  readonly #onChange: () => void;
  readonly #list = element("rooms", HTMLElement);
  readonly #invitation = element("invitation", HTMLDialogElement);
  #rooms: readonly RoomSummary[] = [];
  #isLoaded = false;
  #loading: Promise<void> | undefined;
  #due: ReturnType<typeof setTimeout> | undefined;
  #invited: RoomSummary | undefined;

  /** `choose` shows a room. */
  constructor(client: ChatClient, choose: (room: string) => void, onChange: () => void) {
    this.#client = client;
    this.#choose = choose;
    this.#onChange = onChange;
    connectFinding(client, (room) => this.open(room));
    this.#connectCreating();
    this.#connectInvitation();
  }

  /** Those one is in, the lobby first. */
  get rooms(): readonly RoomSummary[] {
    return this.#rooms.filter(({ role }) => role !== null);
  }

  /** Whether the list has been read once. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  find(room: string): RoomSummary | undefined {
    return this.#rooms.find((one) => one.room === room && one.role !== null);
  }

  /** Goes into a room that one may enter, and shows it. Throws a `RequestError`. */
  async open(room: string): Promise<void> {
    const key = await this.#client.join(room);
    await this.load();
    this.#choose(key);
  }

  /** Reads the list, and joins every room of it that is not joined. */
  load(): Promise<void> {
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** Something about one's rooms has changed: reads the list soon. */
  refresh(): void {
    this.#due ??= setTimeout(() => {
      this.#due = undefined;
      // without a connection, the next one reads it
      void (this.#loading ?? Promise.resolve()).then(() => this.load()).catch(() => undefined);
    }, PAUSE);
  }

  /** Nobody is signed in any more. */
  forget(): void {
    clearTimeout(this.#due);
    this.#due = undefined;
    this.#rooms = [];
    this.#isLoaded = false;
    this.#invitation.close();
  }

  /** Messages of others in a room after what one has read. */
  unread(room: string): number {
    return this.#unseen(room).count;
  }

  render(active: string): void {
    reconcile(
      this.#list,
      this.#rooms.map((room) => this.#row(room, room.room === active)),
    );
  }

  async #read(): Promise<void> {
    const rooms: RoomSummary[] = [];
    for (let page = 0; page < PAGES; page += 1) {
      const last = rooms.at(-1)?.room;
      const answer = await this.#client.call("chat.rooms", last === undefined ? {} : { after: last });
      rooms.push(...answer.rooms);
      if (!answer.more) break;
    }
    this.#rooms = rooms.sort((a, b) => order(a) - order(b) || a.title.localeCompare(b.title));
    this.#isLoaded = true;
    this.#onChange();
    for (const { room, role } of this.#rooms) if (role !== null) await this.#enter(room);
    this.#onChange();
  }

  async #enter(room: string): Promise<void> {
    if (this.#client.timeline(room)) return; // the client comes back to it by itself
    try {
      await this.#client.join(room);
    } catch (error) {
      if (!(error instanceof RequestError) || error.code === "OFFLINE") throw error;
      if (error.retryAfter === undefined) return;
      await new Promise((resolve) => setTimeout(resolve, (error.retryAfter ?? 0) * 1000));
      await this.#enter(room);
    }
  }

  /** How many messages of others one has not read, and whether one of them mentions oneself. */
  #unseen(key: string): { readonly count: number; readonly mentioned: boolean } {
    const summary = this.find(key);
    const me = this.#client.user?.id;
    if (!summary || me === undefined) return { count: 0, mentioned: false };
    const mark = this.#client.marks(key).get(me) ?? 0;
    const read = Math.max(summary.read, mark);
    // what came before the list was read is counted there, unless one has read on since
    const counted = read > summary.read ? 0 : summary.unread;
    const from = read > summary.read ? read : Math.max(read, summary.seq);
    const later = (this.#client.timeline(key)?.messages ?? []).filter(
      ({ seq, author }) => seq > from && author.id !== me,
    );
    const unread = (this.#client.timeline(key)?.messages ?? []).filter(({ seq }) => seq > read);
    return { count: counted + later.length, mentioned: unread.some(({ mentions }) => mentions?.includes(me)) };
  }

  #row(summary: RoomSummary, isActive: boolean): Row {
    const { room, kind, title, role, peerId } = summary;
    const { count, mentioned } = this.#unseen(room);
    const state = peerId === undefined ? undefined : this.#client.presenceOf(peerId);
    return {
      key: room,
      version: JSON.stringify([title, count, mentioned, state, role === null, isActive]),
      make: () => {
        const choice = button("", "room-choice", () => (role === null ? this.#ask(summary) : this.#choose(room)));
        if (isActive) choice.setAttribute("aria-current", "true");
        const name = document.createElement("span");
        name.className = "room-title";
        if (state !== undefined) {
          const mark = document.createElement("span");
          presenceMark(mark, state);
          name.append(mark);
        } else {
          const sign = document.createElement("span");
          sign.className = "sign";
          sign.ariaHidden = "true";
          sign.textContent = kind === "private" ? "◇" : "#";
          name.append(sign);
        }
        const words = document.createElement("bdi");
        words.textContent = title;
        name.append(words);
        choice.append(name);
        if (role === null) choice.append(badge("invited", ""));
        else if (count > 0)
          choice.append(
            badge(count > 99 ? "99+" : String(count), mentioned ? "unread, you are mentioned" : "unread", mentioned),
          );
        const item = document.createElement("li");
        item.append(choice);
        return item;
      },
    };
  }

  #ask(summary: RoomSummary): void {
    this.#invited = summary;
    element("invitation-room", HTMLElement).textContent = summary.title;
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
      if (room !== undefined)
        void this.#client
          .leave(room)
          .catch(() => undefined)
          .then(() => this.refresh());
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
function order({ room, kind, role }: RoomSummary): number {
  if (room === LOBBY) return 0;
  if (role === null) return 4;
  return { public: 1, private: 2, direct: 3 }[kind];
}

function badge(text: string, words: string, mentioned = false): HTMLElement {
  const mark = document.createElement("span");
  mark.className = mentioned ? "unread mention" : "unread";
  mark.textContent = mentioned ? `@${text}` : text;
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
        const row = line(room, members === 1 ? "one person" : `${members} people`);
        row.append(button("Go in", "quiet", () => void enter(room), `Go into ${room}`));
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
