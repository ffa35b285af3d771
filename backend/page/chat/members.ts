import type { Chat, Member } from "../../client/chat/index.ts";
import type { SiteClient } from "../../client/index.ts";
import { createAvatar, fillAvatar } from "../avatar.ts";
import { connectClose } from "../forms.ts";
import type { Pictures } from "../pictures.ts";
import { attempt, button, element, formatMoment, listItem, onClick } from "../view.ts";
import { canModerate } from "./moderation.ts";
import { type Person, PersonDialog } from "./person-dialog.ts";
import { presenceMark } from "./presence-mark.ts";
import type { RoomList } from "./room-list.ts";

export interface MembersOptions {
  readonly client: SiteClient;
  readonly chat: Chat;
  readonly rooms: RoomList;
  readonly pictures: Pictures;
  /** The room on the screen. */
  readonly active: () => string;
}

/** The dialog with the members of a room, and for moderators those who are banned. */
export class Members {
  readonly #options: MembersOptions;
  readonly #dialog = element("members", HTMLDialogElement);
  readonly #problem = element("members-problem", HTMLElement);
  readonly #list = element("member-list", HTMLElement);
  readonly #more = element("members-more", HTMLButtonElement);
  readonly #banned = element("banned", HTMLElement);
  readonly #person: PersonDialog;
  #members: readonly Member[] = [];
  #room = "";

  constructor(options: MembersOptions) {
    this.#options = options;
    const { client, chat, rooms, pictures } = options;
    this.#person = new PersonDialog({
      client,
      chat,
      rooms,
      onDone: () => {
        if (this.#dialog.open) void this.#attempt(() => this.#load());
      },
    });
    connectClose(this.#dialog);
    onClick("members-open", () => this.#open());
    this.#more.addEventListener("click", () => void this.#attempt(() => this.#load(this.#members.at(-1)?.id)));
    pictures.onChange(() => this.#showPictures());
  }

  /** Shows a user, and what the signed-in user can do with them in this room. */
  openPerson(person: Person, room: string): void {
    this.#person.open(person, room);
  }

  #open(): void {
    const { active, rooms } = this.#options;
    this.#room = active();
    element("members-room", HTMLElement).textContent = rooms.find(this.#room)?.title ?? this.#room;
    this.#banned.hidden = true;
    this.#list.replaceChildren();
    this.#dialog.showModal();
    void this.#attempt(() => this.#load());
  }

  #attempt(work: () => Promise<void>): Promise<boolean> {
    return attempt(this.#problem, work);
  }

  async #load(after?: string): Promise<void> {
    const { client, rooms } = this.#options;
    const room = this.#room;
    const page = await client.call("chat.members", { room, ...(after === undefined ? {} : { after }) });
    this.#members = after === undefined ? page.members : [...this.#members, ...page.members];
    this.#more.hidden = !page.more;
    this.#list.replaceChildren(...this.#members.map((member) => this.#memberItem(member)));
    if (after !== undefined || !canModerate(client, rooms.find(room))) return;
    const banned = await client.call("chat.members", { room, state: "banned" });
    this.#banned.hidden = banned.members.length === 0;
    element("banned-list", HTMLElement).replaceChildren(...banned.members.map((member) => this.#bannedItem(member)));
  }

  #memberItem(member: Member): HTMLElement {
    const { client, chat, pictures } = this.#options;
    const { id, name, role, mutedUntil } = member;
    const isOwn = id === client.user?.id;
    const muted = mutedUntil === undefined ? "" : `, muted until ${formatMoment(mutedUntil)}`;
    const item = listItem(isOwn ? `${name} (you)` : name, `${role}${muted}`);
    const mark = document.createElement("span");
    presenceMark(mark, isOwn ? "online" : chat.presenceOf(id));
    item.querySelector("p")?.prepend(mark);
    item.prepend(createAvatar({ id, name, picture: pictures.urlOf(id) }));
    item.dataset.user = id;
    const choose = () => this.openPerson(member, this.#room);
    if (!isOwn) item.append(button("Choose", "quiet", choose, `Choose ${name}`));
    return item;
  }

  #bannedItem({ id, name }: Member): HTMLElement {
    const item = listItem(name, "may not come in");
    const unban = async () => {
      await this.#options.client.call("chat.unban", { room: this.#room, user: id });
      await this.#load();
    };
    item.append(button("Let in again", "quiet", () => void this.#attempt(unban), `Let ${name} in again`));
    return item;
  }

  /** Shows the pictures that have arrived. */
  #showPictures(): void {
    if (!this.#dialog.open) return;
    for (const { id, name } of this.#members) {
      const avatar = this.#list.querySelector<HTMLElement>(`[data-user="${CSS.escape(id)}"] .avatar`);
      if (avatar) fillAvatar(avatar, { id, name, picture: this.#options.pictures.urlOf(id) });
    }
  }
}
