import { RequestError } from "../client/index.ts";

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A date and a time in the language of the browser. `at` is in milliseconds since 1970. */
export function formatMoment(at: number): string {
  return moment.format(at);
}

/** Creates an item of a list: a title, and where there is `more` a second line in small print. */
export function listItem(title: string, more = ""): HTMLElement {
  const item = document.createElement("li");
  const facts = document.createElement("div");
  facts.className = "facts";
  const first = document.createElement("p");
  first.dir = "auto";
  first.textContent = title;
  facts.append(first);
  if (more !== "") {
    const second = document.createElement("p");
    second.className = "hint";
    second.textContent = more;
    facts.append(second);
  }
  item.append(facts);
  return item;
}

/** The element of the page with this id. Throws where the page has none of this kind. */
export function element<T extends HTMLElement>(id: string, kind: abstract new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`invariant: the page has #${id}`);
  return found;
}

/** Calls `act` when the button with this id is chosen. */
export function onClick(id: string, act: () => void): void {
  element(id, HTMLButtonElement).addEventListener("click", act);
}

/** Creates a button. `kind` is its class, `label` its name where the text does not say enough. */
export function button(text: string, kind: string, act: () => void, label?: string): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = kind;
  made.textContent = text;
  if (label !== undefined) made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

/** Does what the user has chosen, and shows in `problem` why it failed. Returns whether it worked. */
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

/** A row of a list. The row on the screen is replaced when its `version` has changed. */
export interface Row {
  readonly key: string;
  readonly version: string;
  make(): HTMLElement;
}

/**
 * Shows rows, in order, and replaces only those that have changed, so that a screen reader speaks only new rows, and a
 * button keeps the focus.
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

/** Creates a `time` element that shows hours and minutes. `at` is in milliseconds since 1970. */
export function timeElement(at: number): HTMLTimeElement {
  const made = document.createElement("time");
  made.dateTime = new Date(at).toISOString();
  made.textContent = time.format(at);
  return made;
}
