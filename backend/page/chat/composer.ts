import { element } from "../view.ts";
import type { Person } from "./person-dialog.ts";
import { connectSuggestions } from "./suggestions.ts";

export interface ComposerOptions {
  /** Sends what was written. When it throws, the text stays in the field. */
  readonly onSend: (text: string) => void;
  /** Called when the text has changed. */
  readonly onWriting: () => void;
  /** People who can be mentioned. */
  readonly people: () => readonly Person[];
}

/** Connects the field in which messages are written: Enter sends, an `@` offers names. */
export function connectComposer({ onSend, onWriting, people }: ComposerOptions): void {
  const form = element("composer", HTMLFormElement);
  const text = element("text", HTMLTextAreaElement);
  const suggestions = connectSuggestions(text, people);
  text.addEventListener("input", () => {
    suggestions.offer();
    if (text.value.trim() !== "") onWriting();
  });
  text.addEventListener("blur", () => suggestions.close());
  text.addEventListener("keydown", (event) => {
    // while an input method composes, keys choose characters
    if (event.isComposing) return;
    if (suggestions.handleKey(event.key)) return event.preventDefault();
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
