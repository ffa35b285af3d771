import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../../backend/config.ts";
import { type Backend, startBackend } from "../../../backend/main.ts";
import { loadAssets } from "../../../backend/page/index.ts";
import { freePort } from "../../../scripts/local-site/free-port.ts";
import { NO_LIMITS } from "../../backend/support.ts";
import { startBrowser, type TestBrowser } from "./browser.ts";

/** A backend with its page, and a browser for its visitors. */
export interface PageSite {
  readonly origin: string;
  /** The backend's data. What a test writes there is removed with it. */
  readonly folder: string;
  readonly backend: Backend;
  readonly browser: TestBrowser;
  stop(): Promise<void>;
}

/** Starts both, at the first free port from `from` on. */
export async function startPageSite(from: number): Promise<PageSite> {
  const folder = mkdtempSync(join(tmpdir(), "causeway-page-"));
  const port = await freePort(from);
  const origin = `http://chat.causeway.localhost:${port}`;
  const env = { PORT: String(port), DATA_DIR: folder, ORIGINS: origin, LOG_LEVEL: "silent", DRAIN_SECONDS: "1" };
  // all visitors of these tests come from one address
  const backend = await startBackend(readConfig(env), { assets: await loadAssets(), limits: NO_LIMITS });
  const browser = await startBrowser();
  return {
    origin,
    folder,
    backend,
    browser,
    async stop() {
      await browser.close();
      await backend.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
