import { chatFeature } from "../../../backend/chat/feature.ts";
import type { TestModule } from "../test-modules.ts";

/** Short times of presence, so that tests do not wait. */
const SHORT_TIMES = { graceMs: 50, intervalMs: 20, windowMs: 5 };

export const testModule: TestModule = ({ hasGateway }) =>
  chatFeature(hasGateway ? {} : { hasGateway, presence: SHORT_TIMES });
