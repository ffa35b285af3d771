import type { Profile, SiteClient } from "../client/index.ts";
import type { Pictures } from "./pictures.ts";

/**
 * A feature's part of the page: a folder whose `index.ts` exports it, and which parts.ts lists. Each `NAME.html` of the
 * folder is put into the place `<!-- parts: NAME -->` of index.html. The outer element of its `screen.html` has the
 * class `screen`. Its style is imported by its `index.ts`.
 */
export interface PagePart {
  /** What the audit log says after a user's name, by the action; for the actions that this feature records. */
  readonly auditWords?: Readonly<Record<string, string>>;
  /** A sentence for the user while the connection is lost. */
  readonly offlineHint?: string;
  /** Connects the elements of the part. Called once, while no user is signed in. */
  readonly connect: (page: PageContext) => PartView;
}

/** What a part gets from the page. */
export interface PageContext {
  readonly client: SiteClient;
  readonly pictures: Pictures;
  /** Shows what has changed, soon. The page does so by itself after each change of the client's state. */
  readonly requestRender: () => void;
}

/** A connected part. Each member may be left out. */
export interface PartView {
  /** How many things there are that the user has not seen; shown in the page's title. */
  readonly unread?: number;
  /** Shows the state of the client. Called after changes while a user is signed in. */
  readonly render?: (user: Profile) => void;
  /** Moves the focus to where the user continues: after signing in, and when a note is closed. */
  readonly focus?: () => void;
}
