import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, readConfig } from "../../backend/config.ts";
import { type Asset, SERVER_TIMES } from "../../backend/gateway/index.ts";
import { type Backend, startBackend } from "../../backend/main.ts";
import type { ReplacedModules } from "../../backend/modules.ts";
import type { Role } from "../../backend/surface.ts";
import type { SignedIn } from "../../backend/users/shapes.ts";
import { eventDifferences, expectDescribed } from "./openapi-differences.ts";
import { checkedSockets } from "./socket-calls.ts";
import { openStore } from "./store/open-store.ts";
import { testModules } from "./test-modules.ts";
import { collectLog, NO_LIMITS, TEST_ASSETS, type TestOptions } from "./test-options.ts";
import { type TestServer, testServer } from "./test-server.ts";

export interface TestBackendOptions extends TestOptions {
  /** Modules of features, in place of the usual ones. */
  readonly modules?: ReplacedModules;
  /** The page; short texts in its place when left out. */
  readonly assets?: ReadonlyMap<string, Asset>;
}

/** A user with a session of their own. */
export interface TestUser extends Omit<SignedIn, "user"> {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

export interface TestBackend extends TestServer {
  readonly config: Config;
  readonly backend: Backend;
  /** Registers a new user with this role. */
  registerUser(role?: Role): Promise<TestUser>;
}

/**
 * The same server, which rejects a request when the response is not as the OpenAPI document describes it. `stop`
 * rejects when a socket received an event that is not.
 */
function checkAgainstOpenApi(server: TestServer): TestServer {
  const differences: string[] = [];
  return {
    ...server,
    async request(method, path, parts) {
      const response = await server.request(method, path, parts);
      expectDescribed(method, path, response);
      return response;
    },
    async connect(token, options) {
      const socket = await server.connect(token, options);
      checkedSockets.add(socket);
      return socket.onAny((event: string, payload: unknown) => differences.push(...eventDifferences(event, payload)));
    },
    async stop() {
      await server.stop();
      if (differences.length > 0) throw new Error(differences.join("\n"));
    },
  };
}

/** The whole backend over a store of its own, on a free port. */
export async function startTestBackend(options: TestBackendOptions = {}): Promise<TestBackend> {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-backend-"));
  const { lines, destination } = collectLog();
  const config = readConfig({ PORT: "0", DATA_DIR: dataDir, LOG_LEVEL: "info", DRAIN_SECONDS: "2", ...options.config });
  const backend = await startBackend(config, {
    log: destination,
    assets: options.assets ?? TEST_ASSETS,
    limits: options.limits ?? NO_LIMITS,
    times: { ...SERVER_TIMES, ...options.times },
    modules: testModules(options.modules && { modules: options.modules }),
  }).catch((error: unknown) => {
    rmSync(dataDir, { recursive: true, force: true });
    throw error;
  });
  const server = checkAgainstOpenApi(testServer(backend, lines));
  let registered = 0;
  return {
    ...server,
    config,
    backend,
    async registerUser(role = "user") {
      const email = `person${++registered}@example.org`;
      const password = `correct horse ${registered}`;
      const signUp = await server.request("POST", "/api/auth/register", {
        body: { email, password, name: `Person ${registered}` },
      });
      const signedIn = signUp.json as unknown as SignedIn;
      if (role !== "user") {
        // a token's roles are those that its user has when it is verified
        const store = await openStore(config);
        await store.users.changeRole(signedIn.user.id, role);
        await store.close();
      }
      const { user, ...tokens } = signedIn;
      return { ...tokens, id: user.id, email, password };
    },
    async stop() {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
