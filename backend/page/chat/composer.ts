import { element } from "../view.ts";
import type { Person } from "./members.ts";

export interface ComposerOptions {
  /** Sends what was written; it is kept when this throws. */
  readonly onSend: (text: string) => void;
  /** Something is being written. */
  readonly onWriting: () => void;
  /** People who can be mentioned. */
  readonly people: () => readonly Person[];
}

/** Names that are offered at once. */
const OFFERED = 6;
/** What is being written after an `@`, up to where the cursor stands. */
const MENTION = /(?:^|[\s(])@([^\s@][^@\n]{0,63})?$/u;

/** Makes the field work in which messages are written: Enter sends, an `@` offers names. */
export function connectComposer({ onSend, onWriting, people }: ComposerOptions): void {
  const form = element("composer", HTMLFormElement);
  const text = element("text", HTMLTextAreaElement);
  const list = element("suggestions", HTMLElement);
  let offered: readonly Person[] = [];
  let chosen = 0;

  function offer(): void {
    const before = text.value.slice(0, text.selectionStart);
    const started = text.selectionStart === text.selectionEnd ? MENTION.exec(before) : null;
    const start = (started?.[1] ?? "").toLocaleLowerCase();
    offered = started
      ? people()
          .filter(({ name }) => name.toLocaleLowerCase().startsWith(start))
          .slice(0, OFFERED)
      : [];
    chosen = 0;
    show();
  }

  function show(): void {
    list.hidden = offered.length === 0;
    text.setAttribute("aria-expanded", String(offered.length > 0));
    list.replaceChildren(
      ...offered.map(({ name }, index) => {
        const option = document.createElement("div");
        option.id = `suggestion-${index}`;
        option.role = "option";
        option.ariaSelected = String(index === chosen);
        option.dir = "auto";
        option.textContent = name;
        // before the field loses the focus
        option.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          take(index);
        });
        return option;
      }),
    );
    if (offered.length > 0) text.setAttribute("aria-activedescendant", `suggestion-${chosen}`);
    else text.removeAttribute("aria-activedescendant");
  }

  function take(index: number): void {
    const person = offered[index];
    const end = text.selectionStart;
    const start = text.value.lastIndexOf("@", end - 1);
    if (!person || start < 0) return;
    text.setRangeText(`@${person.name} `, start, end, "end");
    offered = [];
    show();
  }

  /** Whether the key was for the list of names. */
  function choosing(key: string): boolean {
    if (offered.length === 0) return false;
    if (key === "ArrowDown") chosen = (chosen + 1) % offered.length;
    else if (key === "ArrowUp") chosen = (chosen + offered.length - 1) % offered.length;
    else if (key === "Escape") offered = [];
    else if (key === "Enter" || key === "Tab") {
      take(chosen);
      return true;
    } else return false;
    show();
    return true;
  }

  text.addEventListener("input", () => {
    offer();
    if (text.value.trim() !== "") onWriting();
  });
  text.addEventListener("blur", () => {
    offered = [];
    show();
  });
  text.addEventListener("keydown", (event) => {
    // while an input method composes, keys choose characters
    if (event.isComposing) return;
    if (choosing(event.key)) return event.preventDefault();
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (text.value.trim() === "") return;
    onSend(text.value);
    text.value = "";
    text.focus();
  });
}
