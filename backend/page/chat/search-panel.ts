import type { Message } from "../../client/chat/index.ts";
import type { SiteClient } from "../../client/index.ts";
import { attempt, button, element, formatMoment, onClick } from "../view.ts";

export interface SearchPanelOptions {
  readonly client: SiteClient;
  /** The room on the screen. */
  readonly active: () => string;
  /** Brings a message to the screen. Throws a `RequestError`. */
  readonly jump: (message: Message) => Promise<void>;
}

/** Maximum number of calls for one page of results: each call searches a part of a large room. */
const MAX_CALLS = 10;
/** Maximum number of characters of a message that a result shows. */
const MAX_EXCERPT_LENGTH = 300;

/** The search in the room on the screen: a field, and the messages that were found. */
export class SearchPanel {
  readonly #options: SearchPanelOptions;
  readonly #opener = element("search-open", HTMLButtonElement);
  readonly #panel = element("search", HTMLElement);
  readonly #form = element("search-form", HTMLFormElement);
  readonly #field = element("search-text", HTMLInputElement);
  readonly #status = element("search-status", HTMLElement);
  readonly #problem = element("search-problem", HTMLElement);
  readonly #list = element("search-results", HTMLElement);
  readonly #more = element("search-more", HTMLButtonElement);
  #room = "";
  #query = "";
  /** Where the next call continues. */
  #cursor: number | undefined;
  /** Grows with each search: the response to an earlier one is ignored. */
  #run = 0;

  constructor(options: SearchPanelOptions) {
    this.#options = options;
    this.#opener.addEventListener("click", () => {
      if (!this.#panel.hidden) return this.close();
      this.#show(true);
      this.#field.focus();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#clear();
      this.#room = options.active();
      this.#query = this.#field.value.trim();
      if (this.#query !== "") void this.#search();
    });
    this.#more.addEventListener("click", () => void this.#search());
    onClick("search-close", () => this.#closeByUser());
    this.#panel.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") return this.#moveFocus(event);
      if (event.key !== "Escape") return;
      event.preventDefault();
      this.#closeByUser();
    });
  }

  /** Closes the search and forgets what was found. */
  close(): void {
    this.#clear();
    this.#form.reset();
    this.#show(false);
  }

  #closeByUser(): void {
    this.close();
    this.#opener.focus();
  }

  #show(isOpen: boolean): void {
    this.#panel.hidden = !isOpen;
    this.#opener.setAttribute("aria-expanded", String(isOpen));
  }

  #clear(): void {
    this.#run += 1;
    this.#cursor = undefined;
    this.#list.replaceChildren();
    this.#status.textContent = "";
    this.#problem.hidden = true;
    this.#more.hidden = true;
  }

  async #search(): Promise<void> {
    if (await attempt(this.#problem, () => this.#findMore())) return;
    this.#status.textContent = "";
    this.#more.hidden = this.#cursor === undefined;
  }

  /** Searches older messages until a call has found some, the whole room was searched, or `MAX_CALLS` were made. */
  async #findMore(): Promise<void> {
    const run = ++this.#run;
    const { client } = this.#options;
    this.#status.textContent = "Searching …";
    this.#more.hidden = true;
    for (let call = 0; call < MAX_CALLS; call += 1) {
      const from = this.#cursor === undefined ? {} : { cursor: this.#cursor };
      const { messages, cursor } = await client.call("chat.search", { room: this.#room, query: this.#query, ...from });
      if (run !== this.#run) return;
      this.#cursor = cursor;
      this.#list.append(...messages.map((message) => this.#resultItem(message)));
      if (messages.length > 0 || cursor === undefined) break;
    }
    this.#more.hidden = this.#cursor === undefined;
    this.#status.textContent = statusText(this.#list.childElementCount, this.#cursor !== undefined);
  }

  #resultItem(message: Message): HTMLElement {
    const { client, jump } = this.#options;
    const item = document.createElement("li");
    const choose = button("", "result", () => void attempt(this.#problem, () => jump(message)));
    const title = document.createElement("span");
    title.className = "who";
    const name = document.createElement("bdi");
    name.className = "name";
    name.textContent = message.author.id === client.user?.id ? "You" : message.author.name;
    title.append(name, ` ${formatMoment(message.at)}`);
    const text = document.createElement("span");
    text.className = "excerpt";
    text.dir = "auto";
    text.textContent = excerptOf(message.text);
    choose.append(title, text);
    item.append(choose);
    return item;
  }

  /** Arrow keys move from the field through the results and back. */
  #moveFocus(event: KeyboardEvent): void {
    const stops = [this.#field, ...this.#list.querySelectorAll<HTMLElement>("button")];
    const index = stops.indexOf(document.activeElement as HTMLElement);
    const next = stops[index + (event.key === "ArrowDown" ? 1 : -1)];
    if (index < 0 || !next) return;
    event.preventDefault();
    next.focus();
  }
}

function statusText(count: number, hasMore: boolean): string {
  if (count === 0) return hasMore ? "Nothing found so far." : "Nothing found.";
  if (hasMore) return `${count} messages so far`;
  return count === 1 ? "One message" : `${count} messages`;
}

/** The beginning of a text, without half of a character at its end. */
function excerptOf(text: string): string {
  return text.length <= MAX_EXCERPT_LENGTH
    ? text
    : `${text
        .slice(0, MAX_EXCERPT_LENGTH)
        .toWellFormed()
        .replace(/\ufffd$/, "")} …`;
}
