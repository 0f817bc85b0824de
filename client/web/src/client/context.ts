/** Hand the client to the views. */
import { createContext, useContext } from "solid-js";
import type { Client } from "./createClient";

export const ClientContext = createContext<Client>();

export function useClient(): Client {
  const client = useContext(ClientContext);
  if (!client) throw new Error("useClient needs a ClientContext.Provider above it");
  return client;
}
