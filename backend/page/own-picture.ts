import type { SiteClient } from "../client/index.ts";
import { MAX_PICTURE_BYTES } from "../users/constants.ts";
import { fillAvatar } from "./avatar.ts";
import type { Pictures } from "./pictures.ts";
import { attempt, element } from "./view.ts";

/** Connects the user's own picture in the account dialog. Returns a function that shows it. */
export function connectOwnPicture(client: SiteClient, pictures: Pictures): () => void {
  const avatar = element("own-avatar", HTMLElement);
  const file = element("picture-file", HTMLInputElement);
  const remove = element("picture-remove", HTMLButtonElement);
  const problem = element("picture-problem", HTMLElement);
  const done = element("picture-done", HTMLElement);

  function showAvatar(): void {
    const { user } = client;
    if (!user) return;
    const picture = pictures.urlOf(user.id);
    fillAvatar(avatar, { id: user.id, name: user.name, picture });
    remove.hidden = picture === undefined;
  }

  /** Makes a change, and shows `text` when it is made, or why it failed. */
  async function change(text: string, work: () => Promise<void>): Promise<void> {
    done.textContent = "";
    file.disabled = true;
    remove.disabled = true;
    if (await attempt(problem, work)) done.textContent = text;
    file.disabled = false;
    remove.disabled = false;
    file.value = ""; // so that the same file can be chosen again
    showAvatar();
  }

  file.addEventListener("change", () => {
    const [chosen] = file.files ?? [];
    if (!chosen) return;
    if (chosen.size > MAX_PICTURE_BYTES) {
      done.textContent = "";
      problem.hidden = false;
      const [sizeKib, maxKib] = [Math.ceil(chosen.size / 1024), MAX_PICTURE_BYTES / 1024];
      problem.textContent = `This file has ${sizeKib} KiB, and a picture may have ${maxKib}. Make it smaller.`;
      file.value = "";
      return;
    }
    void change("Your picture is changed.", () => pictures.set(chosen));
  });
  remove.addEventListener("click", () => void change("Your picture is removed.", () => pictures.remove()));

  pictures.onChange(() => {
    if (avatar.checkVisibility()) showAvatar();
  });
  return () => {
    problem.hidden = true;
    done.textContent = "";
    showAvatar();
  };
}
