import { type PresenceState, RequestError } from "../client/index.ts";

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A moment in words. */
export function when(at: number): string {
  return moment.format(at);
}

/** An item of a list: a title, and below it more about it. */
export function listItem(title: string, more: string): HTMLElement {
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

/** A button that does something. `kind` is its class. */
export function button(text: string, kind: string, act: () => void, label?: string): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = kind;
  made.textContent = text;
  if (label !== undefined) made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

/** Marks a user's presence by colour, and by a word for screen readers. */
export function presenceMark(mark: HTMLElement, state: PresenceState): void {
  mark.className = "presence";
  mark.dataset.state = state;
  const word = document.createElement("span");
  word.className = "unseen";
  word.textContent = `${WORDS[state]} `;
  mark.replaceChildren(word);
}

const WORDS: Readonly<Record<PresenceState, string>> = { online: "online", away: "away", offline: "offline" };

/** Runs what a dialog without a form does, and says in it what went wrong, if it did; answers whether it worked. */
export async function attempt(problem: HTMLElement, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    problem.hidden = true;
    return true;
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    problem.hidden = false;
    problem.textContent = error.message;
    return false;
  }
}

/** One row of a list: `version` says whether it has to be made anew. */
export interface Row {
  readonly key: string;
  readonly version: string;
  make(): HTMLElement;
}

/**
 * Shows rows, in order, by changing only what has changed: a screen reader speaks what is added, and a button that has
 * the focus keeps it.
 */
export function reconcile(list: HTMLElement, rows: readonly Row[]): void {
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

export function timeElement(at: number): HTMLTimeElement {
  const made = document.createElement("time");
  made.dateTime = new Date(at).toISOString();
  made.textContent = time.format(at);
  return made;
}
