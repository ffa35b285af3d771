import { chatPart } from "./chat/index.ts";
import type { PagePart } from "./page-part.ts";

/** The parts of the page that features bring. Add yours here. */
export const parts: readonly PagePart[] = [chatPart];
