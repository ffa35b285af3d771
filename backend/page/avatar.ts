/** Number of colours of avatars without a picture. */
const HUE_COUNT = 6;

/** The user that an avatar shows. */
export interface AvatarUser {
  readonly id: string;
  readonly name: string;
  /** URL of the picture; undefined for none. */
  readonly picture: string | undefined;
}

/** Shows a user's picture, or where there is none the first letter of the name. The name is beside it. */
export function fillAvatar(avatar: HTMLElement, { id, name, picture }: AvatarUser): void {
  avatar.dataset.hue = String(hueOf(id));
  if (picture === undefined) {
    avatar.replaceChildren(initial(name));
    return;
  }
  const image = document.createElement("img");
  image.className = "avatar-image";
  image.alt = "";
  image.src = picture;
  image.addEventListener("error", () => avatar.replaceChildren(initial(name)));
  avatar.replaceChildren(image);
}

/** Creates an avatar. */
export function createAvatar(user: AvatarUser): HTMLElement {
  const avatar = document.createElement("span");
  avatar.className = "avatar";
  avatar.ariaHidden = "true";
  fillAvatar(avatar, user);
  return avatar;
}

function initial(name: string): string {
  const [first] = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(name);
  return first?.segment.toLocaleUpperCase() ?? "";
}

function hueOf(id: string): number {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + character.charCodeAt(0)) % 65_536;
  return hash % HUE_COUNT;
}
