import type { PresenceState } from "../../client/chat/index.ts";

const WORDS: Readonly<Record<PresenceState, string>> = { online: "online", away: "away", offline: "offline" };

/** Shows a user's presence in `mark`: by a colour, and by a word for screen readers. */
export function presenceMark(mark: HTMLElement, state: PresenceState): void {
  mark.className = "presence";
  mark.dataset.state = state;
  const word = document.createElement("span");
  word.className = "unseen";
  word.textContent = `${WORDS[state]} `;
  mark.replaceChildren(word);
}
