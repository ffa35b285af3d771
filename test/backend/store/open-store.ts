export { StoreError } from "../../../backend/store/index.ts";
export { FEATURES, openStore, type Store } from "../../../backend/stores.ts";
