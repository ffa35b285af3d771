import { chatFeature } from "../../../backend/chat/feature.ts";
import type { TestModule } from "../test-modules.ts";

/** Short times of presence, so that tests do not wait. */
const SHORT_TIMES = { grace: 50, pace: 20, window: 5 };

export const testModule: TestModule = ({ hasGateway }) =>
  chatFeature(hasGateway ? {} : { hasGateway, presence: SHORT_TIMES });
