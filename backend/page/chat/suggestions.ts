import { element } from "../view.ts";
import type { Person } from "./person-dialog.ts";

/** Maximum number of names that are offered at once. */
const MAX_OFFERED = 6;
/** What is written after an `@`, up to the cursor. */
const MENTION = /(?:^|[\s(])@([^\s@][^@\n]{0,63})?$/u;

/** The names that an `@` offers, below the field for messages. */
export interface Suggestions {
  /** Offers the names that fit the text before the cursor. */
  offer(): void;
  close(): void;
  /** Moves through the list, takes a name or closes the list. Returns whether the key was for the list. */
  handleKey(key: string): boolean;
}

/** Connects the list of names. `people` are those who can be mentioned. */
export function connectSuggestions(field: HTMLTextAreaElement, people: () => readonly Person[]): Suggestions {
  const list = element("suggestions", HTMLElement);
  let offered: readonly Person[] = [];
  let chosen = 0;

  function show(people: readonly Person[]): void {
    offered = people;
    const isOpen = people.length > 0;
    list.hidden = !isOpen;
    list.replaceChildren(...people.map(optionOf));
    field.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) field.setAttribute("aria-activedescendant", `suggestion-${chosen}`);
    else field.removeAttribute("aria-activedescendant");
  }

  function optionOf({ name }: Person, index: number): HTMLElement {
    const option = document.createElement("div");
    option.id = `suggestion-${index}`;
    option.role = "option";
    option.ariaSelected = String(index === chosen);
    option.dir = "auto";
    option.textContent = name;
    // before the field loses the focus
    option.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      insertName(index);
    });
    return option;
  }

  /** Replaces what is written after the `@` by a name. */
  function insertName(index: number): void {
    const person = offered[index];
    const end = field.selectionStart;
    const start = field.value.lastIndexOf("@", end - 1);
    if (!person || start < 0) return;
    field.setRangeText(`@${person.name} `, start, end, "end");
    show([]);
  }

  return {
    offer() {
      const { value, selectionStart, selectionEnd } = field;
      const mention = selectionStart === selectionEnd ? MENTION.exec(value.slice(0, selectionStart)) : null;
      const start = (mention?.[1] ?? "").toLocaleLowerCase();
      const fitting = mention ? people().filter(({ name }) => name.toLocaleLowerCase().startsWith(start)) : [];
      chosen = 0;
      show(fitting.slice(0, MAX_OFFERED));
    },
    close: () => show([]),
    handleKey(key) {
      const count = offered.length;
      if (count === 0) return false;
      if (key === "Escape") show([]);
      else if (key === "Enter" || key === "Tab") insertName(chosen);
      else if (key === "ArrowDown" || key === "ArrowUp") {
        chosen = (chosen + (key === "ArrowDown" ? 1 : count - 1)) % count;
        show(offered);
      } else return false;
      return true;
    },
  };
}
