import type { ChatClient, Member, RoomSummary } from "../../client/index.ts";
import { createAvatar, fillAvatar } from "../avatar.ts";
import type { Pictures } from "../pictures.ts";
import { attempt, button, element, listItem, presenceMark, when } from "../view.ts";
import type { RoomList } from "./room-list.ts";

/** A user as the list of messages has them. */
export interface Person {
  readonly id: string;
  readonly name: string;
}

export interface Members {
  /** Shows a user, and what the signed-in user can do with them in this room. */
  about(person: Person, room: string): void;
}

const ROLES: readonly Member["role"][] = ["member", "moderator", "owner"];
/** For how long a user can be muted, in seconds. */
const MUTES: readonly (readonly [words: string, seconds: number])[] = [
  ["10 minutes", 600],
  ["one hour", 3600],
  ["one day", 86_400],
];

/** Whether one may moderate a room, as far as the page knows; the server decides. */
export function moderates(client: ChatClient, room: RoomSummary | undefined): boolean {
  if (!room || room.kind === "direct") return false;
  if (room.kind === "public" && client.user?.roles.includes("moderator")) return true;
  return room.role === "owner" || room.role === "moderator";
}

/** Makes the list of a room's people work, and the dialog about one of them. */
export function connectMembers(client: ChatClient, rooms: RoomList, pictures: Pictures, active: () => string): Members {
  const dialog = element("members", HTMLDialogElement);
  const problem = element("members-problem", HTMLElement);
  const list = element("member-list", HTMLElement);
  const more = element("members-more", HTMLButtonElement);
  const banned = element("banned", HTMLElement);
  const bannedList = element("banned-list", HTMLElement);
  let members: readonly Member[] = [];
  let room = "";

  async function load(after?: string): Promise<void> {
    const answer = await client.call("chat.members", { room, ...(after === undefined ? {} : { after }) });
    members = after === undefined ? answer.members : [...members, ...answer.members];
    more.hidden = !answer.more;
    list.replaceChildren(...members.map(memberLine));
    if (after !== undefined || !moderates(client, rooms.find(room))) return;
    const out = await client.call("chat.members", { room, state: "banned" });
    banned.hidden = out.members.length === 0;
    bannedList.replaceChildren(...out.members.map(bannedLine));
  }

  function memberLine(member: Member): HTMLElement {
    const { id, name, role, mutedUntil } = member;
    const muted = mutedUntil === undefined ? "" : `, muted until ${when(mutedUntil)}`;
    const row = listItem(id === client.user?.id ? `${name} (you)` : name, `${role}${muted}`);
    const mark = document.createElement("span");
    presenceMark(mark, id === client.user?.id ? "online" : client.presenceOf(id));
    row.querySelector("p")?.prepend(mark);
    row.prepend(createAvatar({ id, name, picture: pictures.urlOf(id) }));
    row.dataset.user = id;
    if (id !== client.user?.id) row.append(button("Choose", "quiet", () => show(member, room), `Choose ${name}`));
    return row;
  }

  /** Shows the pictures that have arrived. */
  function showPictures(): void {
    if (!dialog.open) return;
    for (const { id, name } of members) {
      const avatar = list.querySelector<HTMLElement>(`[data-user="${CSS.escape(id)}"] .avatar`);
      if (avatar) fillAvatar(avatar, { id, name, picture: pictures.urlOf(id) });
    }
  }

  function bannedLine({ id, name }: Member): HTMLElement {
    const row = listItem(name, "may not come in");
    const lift = async () => {
      await client.call("chat.unban", { room, user: id });
      await load();
    };
    row.append(button("Let in again", "quiet", () => void attempt(problem, lift), `Let ${name} in again`));
    return row;
  }

  const person = connectPerson(client, rooms, () => {
    if (dialog.open) void attempt(problem, () => load());
  });
  const show = (about: Person, where: string) => person(about, where);

  element("members-open", HTMLButtonElement).addEventListener("click", () => {
    room = active();
    element("members-room", HTMLElement).textContent = rooms.find(room)?.title ?? room;
    banned.hidden = true;
    list.replaceChildren();
    dialog.showModal();
    void attempt(problem, () => load());
  });
  dialog.querySelector("button[value=cancel]")?.addEventListener("click", () => dialog.close());
  more.addEventListener("click", () => void attempt(problem, () => load(members.at(-1)?.id)));
  pictures.onChange(showPictures);
  return { about: show };
}

/** The dialog about one person: a room for two, invitations, and what those may do who moderate. */
function connectPerson(
  client: ChatClient,
  rooms: RoomList,
  onDone: () => void,
): (person: Person, room: string) => void {
  const dialog = element("person", HTMLDialogElement);
  const problem = element("person-problem", HTMLElement);
  const done = element("person-done", HTMLElement);
  const actions = element("person-actions", HTMLElement);

  /** Does it, says that it is done, and shows what there is to do now. */
  const act = (words: string, work: () => Promise<unknown>) => async () => {
    done.textContent = "";
    const worked = await attempt(problem, async () => {
      await work();
    });
    if (!worked) return;
    done.textContent = words;
    onDone();
  };

  const labelled = (
    words: string,
    options: readonly HTMLOptionElement[],
    text: string,
    run: (value: string) => void,
  ) => {
    const row = document.createElement("p");
    row.className = "beside";
    const select = document.createElement("select");
    select.setAttribute("aria-label", words);
    select.append(...options);
    row.append(
      select,
      button(text, "quiet", () => run(select.value)),
    );
    return row;
  };

  dialog.querySelector("button[value=cancel]")?.addEventListener("click", () => dialog.close());
  return ({ id: user, name }, room) => {
    const summary = rooms.find(room);
    element("person-name", HTMLElement).textContent = name;
    presenceMark(element("person-presence", HTMLElement), client.presenceOf(user));
    problem.hidden = true;
    done.textContent = "";
    const rows: HTMLElement[] = [];
    if (summary?.kind !== "direct") {
      const write = async () => {
        const direct = await client.call("chat.direct", { user });
        closeAll();
        await rooms.open(direct.room);
      };
      rows.push(button("Write to them alone", "quiet", () => void attempt(problem, write)));
    }
    const inviting = rooms.rooms.filter((one) => one.kind === "private" && one.room !== room && moderates(client, one));
    if (inviting.length > 0) {
      const options = inviting.map((one) => new Option(one.title, one.room));
      const invite = (to: string) =>
        void act(`${name} is invited.`, () => client.call("chat.invite", { room: to, user }))();
      rows.push(labelled("Room to invite to", options, "Invite", invite));
    }
    if (moderates(client, summary)) {
      const mutes = MUTES.map(([words, seconds]) => new Option(words, String(seconds)));
      const mute = (seconds: string) =>
        void act(`${name} is muted.`, () => client.call("chat.mute", { room, user, seconds: Number(seconds) }))();
      rows.push(labelled("How long to mute", mutes, "Mute", mute));
      rows.push(
        button(
          "Let them speak again",
          "quiet",
          act(`${name} may speak.`, () => client.call("chat.unmute", { room, user })),
        ),
      );
      if (summary?.room !== "lobby") {
        if (summary?.role === "owner" || summary?.kind === "public") {
          const roles = ROLES.map((role) => new Option(role, role));
          const set = (role: string) =>
            void act(`${name} is ${role} now.`, () => client.call("chat.setRoomRole", { room, user, role }))();
          rows.push(labelled("Role in this room", roles, "Give this role", set));
        }
        rows.push(
          button(
            "Put out",
            "danger",
            act(`${name} is out of the room.`, () => client.call("chat.kick", { room, user })),
          ),
          button(
            "Ban",
            "danger",
            act(`${name} is banned.`, () => client.call("chat.ban", { room, user })),
          ),
        );
      }
    }
    actions.replaceChildren(...rows);
    dialog.showModal();
  };
}

/** Closes every dialog: what comes next is shown behind them. */
function closeAll(): void {
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
}
