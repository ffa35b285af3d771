import { fillAvatar } from "./avatar.ts";
import type { PartView } from "./page-part.ts";
import type { Pictures } from "./pictures.ts";
import { element } from "./view.ts";

/** What a signed-in user sees where no part of the page has a screen: who they are. `openAccount` opens the account. */
export function connectHome(pictures: Pictures, openAccount: () => void): PartView {
  const home = element("home", HTMLElement);
  const button = element("home-account", HTMLButtonElement);
  button.addEventListener("click", openAccount);
  return {
    render({ id, name, email }) {
      if (!home.checkVisibility()) return;
      fillAvatar(element("home-avatar", HTMLElement), { id, name, picture: pictures.urlOf(id) });
      element("home-name", HTMLElement).textContent = name;
      element("home-email", HTMLElement).textContent = email;
    },
    focus: () => button.focus(),
  };
}
