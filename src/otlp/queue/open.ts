import type { StateStore, StoreOptions } from "./contract.ts";
import { StateDirectory } from "./state-directory.ts";
import { Store } from "./state-store.ts";

/**
 * The state that an agent keeps in a directory. Where the directory cannot be used, it is kept in memory until it can
 * be, and the log says so.
 *
 * @throws KvmeterError STATE_IN_USE while another agent uses the directory
 */
export function openStateDirectory(path: string, options: StoreOptions): StateStore {
  return new Store(new StateDirectory(path, options.log), options);
}

/** State that ends with the process, for an agent without a directory. */
export function createMemoryStore(options: StoreOptions): StateStore {
  return new Store(undefined, options);
}
