import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../../backend/config.ts";
import { type Backend, startBackend } from "../../../backend/main.ts";
import { loadAssets } from "../../../backend/page/index.ts";
import { freePort } from "../../../scripts/local-site/free-port.ts";
import { NO_LIMITS } from "../../backend/test-options.ts";
import { startBrowser, type TestBrowser } from "./browser.ts";

/** A backend with its page, and a browser for its visitors. */
export interface PageSite {
  readonly origin: string;
  /** It is on this port of 127.0.0.1. */
  readonly port: number;
  /** The backend's data. What a test writes there is removed with it. */
  readonly folder: string;
  /** The backend that runs now. */
  readonly backend: Backend;
  readonly browser: TestBrowser;
  /** Stops the backend, and starts it again after `meanwhile`. */
  restart(meanwhile: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/** Starts both, at the first free port from `from` on. */
export async function startPageSite(from: number): Promise<PageSite> {
  const folder = mkdtempSync(join(tmpdir(), "causeway-page-"));
  const port = await freePort(from);
  const origin = `http://chat.causeway.localhost:${port}`;
  const origins = [origin, `http://127.0.0.1:${port}`, `http://localhost:${port}`].join(",");
  const env = { PORT: String(port), DATA_DIR: folder, ORIGINS: origins, LOG_LEVEL: "silent", DRAIN_SECONDS: "1" };
  const assets = await loadAssets();
  // all visitors of these tests come from one address
  const start = () => startBackend(readConfig(env), { assets, limits: NO_LIMITS });
  let backend = await start();
  const browser = await startBrowser();
  return {
    origin,
    port,
    folder,
    browser,
    get backend() {
      return backend;
    },
    async restart(meanwhile) {
      await backend.stop();
      await meanwhile();
      backend = await start();
    },
    async stop() {
      await browser.close();
      await backend.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
