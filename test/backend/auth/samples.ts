import { type FeatureSamples, sidOf } from "../sample-values.ts";

export const samples: FeatureSamples = {
  values: ({ accessToken, refreshToken }) => ({ sid: sidOf(accessToken), refreshToken }),
  given: ["refreshToken"],
};
