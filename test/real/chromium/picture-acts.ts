import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import type { Page } from "puppeteer-core";
import { PNG_SIGNATURE, pngChunk, pngHeader } from "../../backend/users/picture-samples.ts";
import { until } from "./acts.ts";

/** An orange square, as a PNG of 8 by 8 pixels. */
export function squarePng(): Buffer {
  const row = Buffer.concat([Buffer.from([0]), Buffer.from("e8b04b".repeat(8), "hex")]);
  const pixels = pngChunk("IDAT", deflateSync(Buffer.concat(Array.from({ length: 8 }, () => row))));
  return Buffer.concat([PNG_SIGNATURE, pngHeader(8, 8), pixels, pngChunk("IEND")]);
}

/** Chooses a file with these contents as the user's picture. The account dialog is open. */
export async function choosePicture(page: Page, folder: string, name: string, contents: Buffer): Promise<void> {
  const path = join(folder, name);
  writeFileSync(path, contents);
  const input = await page.waitForSelector("input#picture-file:not(:disabled)");
  await input?.uploadFile(path);
}

/** Waits until an avatar has a picture that the browser could read. */
export const hasPicture = (page: Page, selector: string) =>
  until(page, `document.querySelector(${JSON.stringify(`${selector} img`)})?.naturalWidth === 8`);
