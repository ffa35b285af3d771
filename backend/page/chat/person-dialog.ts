import { ROOM_ROLES } from "../../chat/constants.ts";
import type { Chat, RoomSummary } from "../../client/chat/index.ts";
import type { SiteClient } from "../../client/index.ts";
import { connectClose } from "../forms.ts";
import { attempt, button, element } from "../view.ts";
import { canModerate } from "./moderation.ts";
import { presenceMark } from "./presence-mark.ts";
import { LOBBY, type RoomList } from "./room-list.ts";

/** A user as the list of messages has them. */
export interface Person {
  readonly id: string;
  readonly name: string;
}

export interface PersonDialogOptions {
  readonly client: SiteClient;
  readonly chat: Chat;
  readonly rooms: RoomList;
  /** Called when something about the user has changed. */
  readonly onDone: () => void;
}

/** The user that the dialog shows, and the room in which they were chosen. */
interface ShownPerson extends Person {
  readonly room: string;
  readonly summary: RoomSummary | undefined;
}

/** For how long a user can be muted, in seconds. */
const MUTE_CHOICES: readonly (readonly [text: string, seconds: number])[] = [
  ["10 minutes", 600],
  ["one hour", 3600],
  ["one day", 86_400],
];

/** The dialog about one user: a direct room, invitations, and what moderators may do. */
export class PersonDialog {
  readonly #options: PersonDialogOptions;
  readonly #dialog = element("person", HTMLDialogElement);
  readonly #problem = element("person-problem", HTMLElement);
  readonly #done = element("person-done", HTMLElement);

  constructor(options: PersonDialogOptions) {
    this.#options = options;
    connectClose(this.#dialog);
  }

  /** Shows a user, and what the signed-in user can do with them in this room. */
  open({ id, name }: Person, room: string): void {
    const { client, chat, rooms } = this.#options;
    const subject: ShownPerson = { id, name, room, summary: rooms.find(room) };
    element("person-name", HTMLElement).textContent = name;
    presenceMark(element("person-presence", HTMLElement), chat.presenceOf(id));
    this.#problem.hidden = true;
    this.#done.textContent = "";
    element("person-actions", HTMLElement).replaceChildren(
      ...(subject.summary?.kind === "direct" ? [] : [this.#directButton(subject)]),
      ...this.#inviteChoice(subject),
      ...(canModerate(client, subject.summary) ? this.#moderatorActions(subject) : []),
    );
    this.#dialog.showModal();
  }

  #directButton({ id }: ShownPerson): HTMLElement {
    const { client, rooms } = this.#options;
    const write = async () => {
      const { room } = await client.call("chat.direct", { user: id });
      for (const dialog of document.querySelectorAll("dialog")) dialog.close(); // the room is shown behind them
      await rooms.open(room);
    };
    return button("Write to them alone", "quiet", () => void attempt(this.#problem, write));
  }

  /** Offers the private rooms to which the signed-in user may invite. */
  #inviteChoice({ id, name, room }: ShownPerson): readonly HTMLElement[] {
    const { client, rooms } = this.#options;
    const others = rooms.rooms.filter((one) => one.kind === "private" && one.room !== room && canModerate(client, one));
    if (others.length === 0) return [];
    const options = others.map((one) => new Option(one.title, one.room));
    const invite = (to: string) =>
      this.#act(`${name} is invited.`, () => client.call("chat.invite", { room: to, user: id }));
    return [choiceRow("Room to invite to", options, "Invite", invite)];
  }

  #moderatorActions({ id: user, name, room, summary }: ShownPerson): readonly HTMLElement[] {
    const { client } = this.#options;
    const act = (done: string, work: () => Promise<unknown>) => () => this.#act(done, work);
    const mutes = MUTE_CHOICES.map(([text, seconds]) => new Option(text, String(seconds)));
    const mute = (seconds: string) =>
      this.#act(`${name} is muted.`, () => client.call("chat.mute", { room, user, seconds: Number(seconds) }));
    const unmute = act(`${name} may write.`, () => client.call("chat.unmute", { room, user }));
    const muting = [
      choiceRow("How long to mute", mutes, "Mute", mute),
      button("Let them write again", "quiet", unmute),
    ];
    if (room === LOBBY) return muting;
    const kick = act(`${name} is out of the room.`, () => client.call("chat.kick", { room, user }));
    const ban = act(`${name} is banned.`, () => client.call("chat.ban", { room, user }));
    const canSetRole = summary?.role === "owner" || summary?.kind === "public";
    return [
      ...muting,
      ...(canSetRole ? [this.#roleChoice(user, name, room)] : []),
      button("Put out", "danger", kick),
      button("Ban", "danger", ban),
    ];
  }

  #roleChoice(user: string, name: string, room: string): HTMLElement {
    const { client } = this.#options;
    const options = ROOM_ROLES.map((role) => new Option(role, role));
    const set = (role: string) =>
      this.#act(`${name} is ${role} now.`, () => client.call("chat.setRoomRole", { room, user, role }));
    return choiceRow("Role in this room", options, "Give this role", set);
  }

  /** Does something, and shows that it is done or why it failed. */
  #act(done: string, work: () => Promise<unknown>): void {
    this.#done.textContent = "";
    const succeed = async () => {
      await work();
      this.#done.textContent = done;
      this.#options.onDone();
    };
    void attempt(this.#problem, succeed);
  }
}

/** Creates a list to choose from, with a button that uses the chosen value. */
function choiceRow(
  label: string,
  options: readonly HTMLOptionElement[],
  text: string,
  use: (value: string) => void,
): HTMLElement {
  const row = document.createElement("p");
  row.className = "beside";
  const select = document.createElement("select");
  select.setAttribute("aria-label", label);
  select.append(...options);
  row.append(
    select,
    button(text, "quiet", () => use(select.value)),
  );
  return row;
}
