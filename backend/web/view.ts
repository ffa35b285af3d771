import type { Message } from "../domain/message.ts";
import type { Announcement, Pending } from "./client.ts";

/** Something in the list of messages. */
export type Item =
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "pending"; readonly pending: Pending }
  | { readonly kind: "announcement"; readonly announcement: Announcement };

export interface Actions {
  retry(clientId: string): void;
  discard(clientId: string): void;
}

/** Messages of one author that follow within this many milliseconds stand together. */
const TOGETHER = 5 * 60_000;
/** Colours of the avatars. */
const HUES = 6;

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A moment in words. */
export function when(at: number): string {
  return moment.format(at);
}

/** A line of a list: what it is, and below it more about it. */
export function line(title: string, more: string): HTMLElement {
  const row = document.createElement("li");
  const facts = document.createElement("div");
  facts.className = "facts";
  const first = document.createElement("p");
  first.dir = "auto";
  first.textContent = title;
  const second = document.createElement("p");
  second.className = "hint";
  second.textContent = more;
  facts.append(first, second);
  row.append(facts);
  return row;
}

/** The element of the page with this id; the page is ours, so it is there. */
export function element<T extends HTMLElement>(id: string, kind: abstract new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`invariant: the page has #${id}`);
  return found;
}

/**
 * Shows the items, in order, by changing only what has changed: a screen reader speaks what is added, and a button that has the
 * focus keeps it.
 */
export function showMessages(list: HTMLElement, items: readonly Item[], me: string, actions: Actions): void {
  const rows: Row[] = [];
  let before: Fact | undefined;
  let today = "";
  for (const item of items) {
    const fact = factOf(item, me);
    const date = day.format(fact.at);
    if (date !== today) {
      rows.push({ key: `day ${date}`, version: "", make: () => dayRow(date) });
      before = undefined;
      today = date;
    }
    const continues = before?.author === fact.author && fact.at - before.at < TOGETHER;
    rows.push({
      key: fact.key,
      version: JSON.stringify([continues, fact.text, fact.fate]),
      make: () => (item.kind === "announcement" ? announcementRow(fact) : messageRow(fact, continues, actions)),
    });
    before = item.kind === "announcement" ? undefined : fact;
  }
  reconcile(list, rows);
}

interface Row {
  readonly key: string;
  readonly version: string;
  make(): HTMLElement;
}

interface Fact {
  readonly key: string;
  readonly author: string;
  readonly name: string;
  readonly own: boolean;
  readonly at: number;
  readonly text: string;
  readonly fate: "sent" | "waiting" | "sending" | "failed";
  readonly clientId?: string;
  readonly problem?: string;
}

function factOf(item: Item, me: string): Fact {
  switch (item.kind) {
    case "message": {
      const { author, clientId, at, text } = item.message;
      // a message keeps its row when it turns from pending to stored
      const own = author.id === me;
      const key = own ? `own ${clientId}` : `${item.message.epoch} ${item.message.seq}`;
      return { key, author: author.id, name: author.name, own, at, text, fate: "sent" };
    }
    case "pending": {
      const { clientId, at, text, state, problem } = item.pending;
      return {
        key: `own ${clientId}`,
        author: me,
        name: "",
        own: true,
        at,
        text,
        fate: state,
        clientId,
        problem: problem ?? "",
      };
    }
    case "announcement": {
      const { at, text } = item.announcement;
      return { key: `announcement ${at} ${text}`, author: "", name: "", own: false, at, text, fate: "sent" };
    }
  }
}

function reconcile(list: HTMLElement, rows: readonly Row[]): void {
  const present = new Map<string, HTMLElement>();
  for (const child of [...list.children]) {
    if (child instanceof HTMLElement && !present.has(child.dataset.key ?? ""))
      present.set(child.dataset.key ?? "", child);
    else child.remove();
  }
  let place = list.firstElementChild;
  for (const { key, version, make } of rows) {
    const old = present.get(key);
    present.delete(key);
    if (old && old.dataset.version === version) {
      if (old === place) place = place.nextElementSibling;
      else list.insertBefore(old, place);
      continue;
    }
    const fresh = make();
    fresh.dataset.key = key;
    fresh.dataset.version = version;
    if (old && old === place) place = place.nextElementSibling;
    if (old) old.replaceWith(fresh);
    else list.insertBefore(fresh, place);
  }
  for (const gone of present.values()) gone.remove();
}

function dayRow(text: string): HTMLElement {
  const row = document.createElement("li");
  row.className = "day";
  row.textContent = text;
  return row;
}

function announcementRow({ text, at }: Fact): HTMLElement {
  const row = document.createElement("li");
  row.className = "announcement";
  const words = document.createElement("p");
  words.className = "text";
  words.dir = "auto";
  words.textContent = text;
  const title = document.createElement("p");
  title.className = "who";
  title.append("Announcement ", timeElement(at));
  row.append(title, words);
  return row;
}

function messageRow(fact: Fact, continues: boolean, actions: Actions): HTMLElement {
  const copy = document.importNode(element("message-template", HTMLTemplateElement).content, true);
  const row = copy.firstElementChild;
  if (!(row instanceof HTMLElement)) throw new Error("invariant: the template has a row");
  const part = (selector: string) => {
    const found = row.querySelector<HTMLElement>(selector);
    if (!found) throw new Error(`invariant: the template has ${selector}`);
    return found;
  };
  row.classList.toggle("own", fact.own);
  row.classList.toggle("continues", continues);
  row.dataset.fate = fact.fate;
  part(".avatar").textContent = initial(fact.name);
  part(".avatar").dataset.hue = String(hueOf(fact.author));
  part(".name").textContent = fact.own ? "You" : fact.name;
  part("time").replaceWith(timeElement(fact.at));
  part(".text").textContent = fact.text;
  part(".fate").replaceChildren(...fateOf(fact, actions));
  return row;
}

function fateOf({ fate, problem, clientId }: Fact, actions: Actions): (Node | string)[] {
  if (fate === "sent" || clientId === undefined) return [];
  if (fate === "waiting") return ["Waiting to be sent"];
  if (fate === "sending") return ["Sending …"];
  const button = (text: string, act: (clientId: string) => void) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "link";
    made.textContent = text;
    made.addEventListener("click", () => act(clientId));
    return made;
  };
  return [`Not sent. ${problem} `, button("Try again", actions.retry), " ", button("Discard", actions.discard)];
}

function timeElement(at: number): HTMLTimeElement {
  const made = document.createElement("time");
  made.dateTime = new Date(at).toISOString();
  made.textContent = time.format(at);
  return made;
}

function initial(name: string): string {
  const [first = ""] = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(name);
  return typeof first === "string" ? first : first.segment.toLocaleUpperCase();
}

function hueOf(id: string): number {
  let hash = 0;
  for (const letter of id) hash = (hash * 31 + letter.charCodeAt(0)) % 65_536;
  return hash % HUES;
}

/** The rooms one is in, with what is unread. */
export function showRooms(
  list: HTMLElement,
  rooms: readonly { readonly name: string; readonly unread: number }[],
  active: string,
  choose: (room: string) => void,
): void {
  const rowsOfRooms = rooms.map(({ name, unread }) => ({
    key: name,
    version: `${unread} ${name === active}`,
    make: () => roomRow(name, unread, name === active, choose),
  }));
  reconcile(list, rowsOfRooms);
}

function roomRow(name: string, unread: number, active: boolean, choose: (room: string) => void): HTMLElement {
  const row = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "room-choice";
  if (active) button.setAttribute("aria-current", "true");
  const title = document.createElement("bdi");
  title.textContent = name;
  button.append(title);
  if (unread > 0) {
    const mark = document.createElement("span");
    mark.className = "unread";
    mark.textContent = unread > 99 ? "99+" : String(unread);
    const words = document.createElement("span");
    words.className = "unseen";
    words.textContent = " unread";
    mark.append(words);
    button.append(mark);
  }
  button.addEventListener("click", () => choose(name));
  row.append(button);
  return row;
}
